import copy
import io
from pathlib import Path

import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from mmengine.runner.checkpoint import load_state_dict as mmengine_load
from torch import nn

from next_mm.engine import load_weights
from next_mm.models.text import CachedText, CLIPText
from tests.models.text.conftest import build_encoder


class Model(nn.Module):
    """Something trained beside a text encoder."""

    def __init__(self, text: nn.Module) -> None:
        super().__init__()
        self.text = text
        self.head = nn.Linear(2, 2)


def through_a_file(model: nn.Module) -> dict:
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def test_no_parameters_and_always_frozen(tiny_clip: str):
    model = Model(build_encoder(tiny_clip)).train()
    assert [name for name, _ in model.named_parameters()] == ['head.weight', 'head.bias']
    assert not model.text.tower.training
    assert not any(parameter.requires_grad for parameter in model.text.tower.parameters())


@pytest.mark.parametrize('saved', [False, True])
@pytest.mark.parametrize('loaded', [False, True])
@pytest.mark.parametrize(
    'load',
    [
        lambda model, state: model.load_state_dict(state, strict=True),
        lambda model, state: mmengine_load(model, state, strict=True),
        lambda model, state: load_weights(model, state, source='x.pth'),
    ],
)
def test_loads_either_way(tiny_clip: str, captions: torch.Tensor, saved: bool, loaded: bool, load):
    source = Model(build_encoder(tiny_clip, save_in_checkpoint=saved))
    state = through_a_file(source)
    assert any(name.startswith('text.tower.') for name in state) == saved
    target = Model(build_encoder(tiny_clip, save_in_checkpoint=loaded))
    load(target, state)
    assert torch.equal(target.head.weight, source.head.weight)
    assert torch.equal(target.text(captions), source.text(captions))


def test_a_stored_tower_takes_the_place_of_another(tiny_clip: str, captions: torch.Tensor):
    source = Model(build_encoder(tiny_clip, seed=1, save_in_checkpoint=True))
    target = Model(build_encoder(tiny_clip, seed=2))
    before = target.text(captions)  # fills the cache with what is wrong from now on
    target.load_state_dict(through_a_file(source), strict=True)
    assert not torch.equal(target.text(captions), before)
    assert torch.equal(target.text(captions), source.text(captions))


def test_another_tower_is_an_error(tiny_clip: str):
    state = through_a_file(Model(build_encoder(tiny_clip, seed=1)))
    with pytest.raises(RuntimeError, match='captions of another text tower'):
        Model(build_encoder(tiny_clip, seed=2)).load_state_dict(state)


def test_the_activation_belongs_to_the_tower(tiny_clip: str, tiny_clip_gelu: str):
    assert build_encoder(tiny_clip).digest != build_encoder(tiny_clip_gelu).digest


def test_cached_text_loads_checkpoints_of_clip_text(tiny_clip: str, captions: torch.Tensor, tmp_path: Path):
    encoder = build_encoder(tiny_clip, save_in_checkpoint=True, cache={'path': tmp_path})
    encoder(captions)
    encoder.cache.flush()
    cached = Model(CachedText(path=str(tmp_path)))
    cached.load_state_dict(through_a_file(Model(encoder)), strict=True)
    back = Model(build_encoder(tiny_clip))
    back.load_state_dict(through_a_file(cached), strict=True)
    with pytest.raises(RuntimeError, match='captions of another text tower'):
        cached.load_state_dict(through_a_file(Model(build_encoder(tiny_clip, seed=1))))


def test_unknown_keys_are_still_unexpected(tiny_clip: str):
    model = Model(build_encoder(tiny_clip))
    state = {**through_a_file(model), 'text.other': torch.ones(1)}
    with pytest.raises(RuntimeError, match='text.other'):
        model.load_state_dict(state)


@pytest.mark.parametrize('update_buffers', [False, True])
@pytest.mark.parametrize('save', [False, True])
def test_weight_averaging_shares_the_tower(tiny_clip: str, captions: torch.Tensor, update_buffers: bool, save: bool):
    model = Model(build_encoder(tiny_clip, save_in_checkpoint=save))
    expected = model.text(captions)
    average = ExponentialMovingAverage(model, update_buffers=update_buffers)
    for _ in range(3):
        average.update_parameters(model)
    text: CLIPText = average.module.text
    assert text is not model.text and text.tower is model.text.tower and text.cache is model.text.cache
    assert torch.equal(text(captions), expected) and torch.equal(model.text(captions), expected)
    average.load_state_dict(through_a_file(average), strict=True)


def test_deep_copies_move_apart(tiny_clip: str):
    encoder = build_encoder(tiny_clip)
    clone = copy.deepcopy(encoder).to('meta')
    assert encoder._anchor.device.type == 'cpu' and clone._anchor.device.type == 'meta'
