"""Convolutional networks leave absent pictures out of what they learn."""

from __future__ import annotations

import copy

import torch

from next_mm.models import ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.methods.bot.toy import TOYS
from tests.methods.toys import NUM_CLASSES, PREPROCESSOR, make_batch


def build() -> ReIDModel:
    torch.manual_seed(0)
    config = copy.deepcopy(TOYS['three networks'])
    return MODELS.build(dict(config, num_classes=NUM_CLASSES, data_preprocessor=PREPROCESSOR)).train()


def step(model: ReIDModel, images: torch.Tensor, batch: TripletBatch) -> dict[str, torch.Tensor]:
    losses = model(images, batch, mode='loss')
    model.parse_losses(losses)[0].backward()
    return losses


def test_absent_pictures_reach_neither_statistics_nor_losses() -> None:
    images, batch = make_batch(build(), 8)
    batch.present = torch.ones(8, 3, dtype=torch.bool)
    batch.present[4:, 1] = False  # NIR of the last two identities
    part, whole = build(), build()
    losses = step(part, images, batch)
    alone = TripletBatch(labels=batch.labels[:4], cameras=batch.cameras[:4])
    expected = step(whole, images[:4], alone)
    for name, value in expected.items():
        if name.startswith('nir'):
            torch.testing.assert_close(losses[name], value)
    state, other = part.state_dict(), whole.state_dict()
    for key in state:
        if '.nir' in key or key.startswith('branches.nir'):
            torch.testing.assert_close(state[key], other[key])


def test_a_modality_that_is_never_there_does_not_learn() -> None:
    model = build()
    images, batch = make_batch(model, 8)
    batch.present = torch.tensor([[True, True, False]] * 8)
    before = {key: value.clone() for key, value in model.networks['tir'].state_dict().items()}
    losses = step(model, images, batch)
    assert losses['tir_whole.loss_id'] == 0 and 'tir_whole.accuracy' not in losses
    assert all(torch.equal(value, before[key]) for key, value in model.networks['tir'].state_dict().items())
    assert all(p.grad is None or not p.grad.any() for p in model.networks['tir'].parameters())
    assert all(p.grad.abs().sum() > 0 for p in model.networks['rgb'].parameters())
