"""What holds of every registered method, whatever it is: the promises of :class:`ReIDModel`."""

from __future__ import annotations

import copy
import dataclasses
import re
from functools import cache
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from next_mm.analysis.cost import count_costs
from next_mm.captions.tokenizer import CONTEXT_LENGTH
from next_mm.engine import IdentityCountHook, load_weights, read_checkpoint
from next_mm.errors import ConfigError, DataError
from next_mm.models import ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import ReIDDataSample, TripletBatch
from next_mm.triplet import NUM_MODALITIES
from tests.methods.toys import NUM_CLASSES, find_methods, find_unmoved, list_toys, make_batch

TOYS = dict(list_toys())
CASES = [case for case in product([True, False], repeat=3) if any(case) and not all(case)]
ZERO_PICTURES = [
    name
    for name, toy in TOYS.items()
    if toy and find_methods()[name.partition(':')[0]].missing_modalities == 'zero pictures'
]

every_toy = pytest.mark.parametrize('name', [name for name, toy in TOYS.items() if toy])


def build(name: str, seed: int = 0) -> ReIDModel:
    torch.manual_seed(seed)
    return MODELS.build(copy.deepcopy(TOYS[name]))


def moved(name: str) -> ReIDModel:
    """A toy of which no weight is zero, so that nothing hides behind one."""
    model = build(name)
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model


@cache
def trained(name: str) -> ReIDModel:
    """A toy in evaluation mode; not to be changed."""
    return moved(name).eval()


def feature(model: ReIDModel, images: Tensor, batch: TripletBatch) -> Tensor:
    with torch.no_grad():
        return model(images, batch, mode='tensor')


def rows(batch: TripletBatch, places: list[int]) -> TripletBatch:
    """Some samples of a batch."""
    fields = {field.name: getattr(batch, field.name) for field in dataclasses.fields(batch)}
    taken = {name: value[places] for name, value in fields.items() if isinstance(value, Tensor)}
    return dataclasses.replace(batch, **taken, extras={name: value[places] for name, value in batch.extras.items()})


def test_every_method_has_a_toy() -> None:
    assert not [name for name, toy in TOYS.items() if toy is None], 'list one in tests/methods/<name>/toy.py'


@every_toy
def test_a_training_step_reaches_every_trainable_parameter(name: str) -> None:
    model = moved(name).train()
    images, batch = make_batch(model, 8)
    with torch.no_grad():
        model.before_epoch(0, lambda: iter([(images, batch)]))
    model.train()
    losses = model(images, batch, mode='loss')
    assert all(torch.as_tensor(value).isfinite().all() for value in losses.values())
    model.parse_losses(losses)[0].backward()
    learning = {key: value.grad for key, value in model.named_parameters() if value.requires_grad}
    still = [key for key, gradient in learning.items() if gradient is None or not gradient.abs().sum() > 0]
    assert not [key for key in still if not re.fullmatch(find_unmoved(name), key)]


@every_toy
def test_a_feature_does_not_depend_on_its_batch(name: str) -> None:
    model = trained(name)
    images, batch = make_batch(model, 5)
    together = feature(model, images, batch)
    assert together.shape == (5, model.feature_dim) and together.isfinite().all()
    scale = float(together.abs().max())
    for places in ([3], [4, 0, 2]):
        apart = feature(model, images[places], rows(batch, places))
        torch.testing.assert_close(apart, together[places], rtol=1e-4, atol=1e-5 * scale)
    assert not torch.allclose(together[0], together[2], rtol=1e-3, atol=1e-4 * scale)  # it does depend on the pictures


@every_toy
def test_predict_gives_each_sample_its_feature(name: str) -> None:
    model = trained(name)
    images, batch = make_batch(model, 3)
    batch.samples = [ReIDDataSample(metainfo=dict(sample_idx=number)) for number in range(3)]
    with torch.no_grad():
        samples = model(images, batch, mode='predict')
    assert [sample.sample_idx for sample in samples] == [0, 1, 2]
    assert torch.equal(torch.stack([sample.feature for sample in samples]), feature(model, images, batch))


@every_toy
def test_a_checkpoint_carries_everything(name: str, tmp_path: Path) -> None:
    source, target = trained(name), build(name, seed=7).eval()
    images, batch = make_batch(source, 2)
    if not source.reads_captions:  # a frozen text tower need not be in a checkpoint
        assert not torch.equal(feature(target, images, batch), feature(source, images, batch))
    state = {**source.state_dict(), **frozen_towers(source)}
    torch.save({'state_dict': state, 'meta': {}}, tmp_path / 'toy.pth')
    load_weights(target, read_checkpoint(tmp_path / 'toy.pth')['state_dict'], source='toy.pth')
    assert torch.equal(feature(target, images, batch), feature(source, images, batch))
    first = next(iter(source.state_dict()))
    with pytest.raises(RuntimeError, match='is not a checkpoint of this model'):
        load_weights(target, {key: value for key, value in state.items() if key != first}, source='toy.pth')


def frozen_towers(model: ReIDModel) -> dict[str, Tensor]:
    """The weights that a method keeps out of its state."""
    return {
        f'{path}.tower.{key}': value
        for path, module in model.named_modules()
        for network in getattr(module, 'kept_apart', ())
        for key, value in network.state_dict().items()
    }


@every_toy
def test_another_number_of_identities_is_refused(name: str) -> None:
    def check(identities: int) -> None:
        dataset = SimpleNamespace(metainfo=dict(num_identities=identities))
        runner: Any = SimpleNamespace(model=trained(name), train_dataloader=SimpleNamespace(dataset=dataset))
        IdentityCountHook().before_train(runner)

    check(NUM_CLASSES)
    with pytest.raises(
        ConfigError, match=f'num_classes is {NUM_CLASSES}, .* has {NUM_CLASSES + 1} training identities'
    ):
        check(NUM_CLASSES + 1)
    with pytest.raises(ConfigError, match='num_classes=0: expected'):
        MODELS.build(copy.deepcopy({**TOYS[name], 'num_classes': 0}))


@every_toy
def test_captions_are_read_where_the_method_says_so(name: str) -> None:
    model = trained(name)
    assert type(model).config_reads_captions(TOYS[name]) == model.reads_captions
    images, batch = make_batch(model, 2)
    mute = dataclasses.replace(batch, tokens=None, lengths=None)
    if model.reads_captions:
        with pytest.raises(DataError, match=f'{type(model).__name__} reads captions but its samples have none'):
            feature(model, images, mute)
        other = make_batch(model, 2, seed=3)[1]
        assert not torch.equal(feature(model, images, batch), feature(model, images, other))
    else:
        texts = dict(tokens=torch.ones(2, 1, 3, CONTEXT_LENGTH, dtype=torch.int32), lengths=torch.full((2, 1, 3), 9))
        given = dataclasses.replace(batch, **texts)
        assert torch.equal(feature(model, images, given), feature(model, images, mute))


@every_toy
def test_cameras_are_read_where_the_method_says_so(name: str) -> None:
    model = trained(name)
    images, batch = make_batch(model, 2)
    other = dataclasses.replace(batch, cameras=batch.cameras.flip(0))
    same = torch.equal(feature(model, images, batch), feature(model, images, other))
    assert same != model.reads_cameras
    if not model.reads_cameras:
        none = dataclasses.replace(batch, cameras=None)
        assert torch.equal(feature(model, images, batch), feature(model, images, none))


@every_toy
@pytest.mark.parametrize('case', CASES)
def test_the_pixels_of_an_absent_modality_change_nothing(name: str, case: tuple[bool, ...]) -> None:
    model = trained(name)
    images, batch = make_batch(model, 2)
    present = torch.tensor([case] * 2)
    noise = make_batch(model, 2, seed=9)[0] * 5
    other = torch.where(present[:, :, None, None, None], images, noise)
    batch = dataclasses.replace(batch, present=present)
    found = feature(model, images, batch)
    assert torch.equal(found, feature(model, other, batch)) and found.isfinite().all()
    if model.missing_modalities == 'masked':
        owners = model.feature_modalities()
        for m in range(NUM_MODALITIES):
            assert case[m] or (found[:, owners == m] == 0).all()


@pytest.mark.parametrize('name', ZERO_PICTURES)
@pytest.mark.parametrize('case', CASES)
def test_a_zero_picture_stands_for_an_absent_modality(name: str, case: tuple[bool, ...]) -> None:
    model = trained(name)
    images, batch = make_batch(model, 2)
    present = torch.tensor([case] * 2)
    if model.reads_captions:  # what becomes of the caption is another matter
        batch = dataclasses.replace(batch, has_text=present)
    absent = feature(model, images, dataclasses.replace(batch, present=present))
    assert torch.equal(absent, feature(model, images * present[:, :, None, None, None], batch))


@every_toy
def test_training_does_not_see_the_pixels_of_an_absent_modality(name: str) -> None:
    present = torch.ones(8, NUM_MODALITIES, dtype=torch.bool)
    present[0, 0] = present[1, 1] = present[2, 2] = present[3, 1] = present[3, 2] = False
    images, batch = make_batch(build(name), 8)
    batch = dataclasses.replace(batch, present=present)
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(9)) * 5
    found = []
    for pictures in (images, torch.where(present[:, :, None, None, None], images, noise)):
        model = moved(name).train()
        with torch.no_grad():
            model.before_epoch(0, lambda: iter([(pictures, batch)]))  # noqa: B023
        model.train()
        torch.manual_seed(2)
        losses = model(pictures, batch, mode='loss')
        model.parse_losses(losses)[0].backward()
        gradients = {f'gradient of {key}': p.grad for key, p in model.named_parameters() if p.grad is not None}
        found.append({**losses, **gradients, **dict(model.named_buffers())})
    first, second = found
    assert first.keys() == second.keys() and all(torch.as_tensor(value).isfinite().all() for value in first.values())
    assert not [
        key for key, value in first.items() if not torch.equal(torch.as_tensor(value), torch.as_tensor(second[key]))
    ]


@every_toy
def test_each_sample_has_its_own_missing_modalities(name: str) -> None:
    model = trained(name)
    images, batch = make_batch(model, 4)
    mixed = dataclasses.replace(batch, present=torch.tensor([CASES[0], CASES[3], (True, True, True), CASES[5]]))
    together = feature(model, images, mixed)
    for row in range(4):
        alone = feature(model, images[[row]], rows(mixed, [row]))
        scale = float(together.abs().max())
        torch.testing.assert_close(together[row], alone[0], rtol=1e-4, atol=1e-5 * scale)
    whole = feature(model, images[[2]], rows(batch, [2]))
    torch.testing.assert_close(together[[2]], whole, rtol=1e-4, atol=1e-5 * float(whole.abs().max()))


@every_toy
def test_each_dimension_of_the_feature_has_its_modality(name: str) -> None:
    model = trained(name)
    owners = model.feature_modalities()
    assert owners.shape == (model.feature_dim,) and set(owners.tolist()) <= {-1, 0, 1, 2}


@every_toy
def test_its_costs_are_counted(name: str) -> None:
    model = build(name)
    costs = count_costs(model)
    trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    assert sum(cost.trainable for cost in costs.values()) == trainable
    assert all(
        min(cost.trainable, cost.frozen, cost.macs, cost.executed, cost.attention) >= 0 for cost in costs.values()
    )
    assert sum(cost.macs for cost in costs.values()) > 0


@every_toy
def test_test_time_training_reads_no_label(name: str) -> None:
    model = build(name).train()
    images, batch = make_batch(model, 2)
    blind = dataclasses.replace(batch, labels=None)
    if type(model).test_time_loss is ReIDModel.test_time_loss:
        with pytest.raises(NotImplementedError, match='has no test-time training'):
            model(images, blind, mode='adapt')
    else:
        loss, _ = model.parse_losses(model(images, blind, mode='adapt'))
        assert loss.requires_grad and loss.isfinite()
