"""FACENet at the authors' real size against the outputs of their program, and its parameters against their counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from tests.methods.filling import FIXTURES, constant, read_outputs, waves
from tests.methods.parity import SIDE_VIT_B16, assert_close, build_on_meta, count_theirs, fixture_model

LOSSES = dict(id=dict(type='CrossEntropy'), triplet=dict(type='TripletLoss'))
MODEL: dict[str, Any] = dict(
    type='FACENetReID',
    num_classes=171,
    backbone=SIDE_VIT_B16,
    flare='batch',
    rgb_rest='nir',
    branches={key: dict(losses=LOSSES) for key in MODALITIES},
)


AT_THE_THRESHOLD = (
    *((0, 0, 38, 755, False), (0, 0, 46, 256, True), (0, 1, 57, 29, True), (0, 3, 7, 305, True)),
    *((1, 0, 108, 466, True), (1, 3, 33, 732, False)),
)
"""Mask, triplet, patch, channel within 3e-6 of the threshold, where rounding decides; whether the authors' is above."""


def pin(module: nn.Module, inputs: tuple[Tensor, Tensor], masks: tuple[Tensor, Tensor]) -> None:
    """Put the elements at the threshold on the authors' side of it; one element moves a score by 1e-4."""
    threshold = -0.017860664
    for mask, triplet, patch, channel, above in AT_THE_THRESHOLD:
        if triplet < len(masks[mask]):
            element = masks[mask][triplet, patch, channel]
            assert abs(float(element) - threshold) < 1e-5
            element.fill_(threshold + (1e-5 if above else -1e-5))


def flags(*values: float) -> dict[str, Tensor]:
    return {'flare': torch.tensor(values)}


@torch.no_grad()
@pytest.mark.real_size
def test_features_slices_scores_and_losses() -> None:
    outputs = read_outputs(FIXTURES / 'facenet' / 'outputs.npz')
    model = fixture_model('facenet', MODEL, on_meta=True, matrices=constant)
    model.masks.register_forward_hook(pin)
    images = waves(4, 256, 128)
    tokens = model.encode(images, TripletBatch())
    masks = model.masks(tokens[:, 0, 1:], tokens[:, 1, 1:])
    batch = TripletBatch(labels=torch.tensor([0, 0, 1, 1]), extras=flags(1, 0, 1, 0))
    losses = model.loss(images, batch)
    parts = [losses[f'{name}.loss_id'] + losses[f'{name}.loss_triplet'] for name in MODALITIES]
    parts = torch.stack([*parts, losses['loss_flare'], losses['loss_consistency']])
    views = model.identity_views(model.extract(images, batch), batch)
    heads = enumerate(model.flare_heads.values())
    found = {
        'tokens_rgb': tokens[:2, 0, :3, :64],
        'cross_rgb': masks[0][:2, :3, :64],
        'cross_nir': masks[1][:2, :3, :64],
        'train_scores': torch.stack([views[name]['logits'] for name in MODALITIES]),
        'train_flare_scores': torch.stack([head(tokens[:, m, 0], masks[m]) for m, head in heads]),
        'train_loss': torch.cat([parts, parts.sum().view(1)]),
    }
    for name in ('00', '10', '11'):
        batch = TripletBatch(extras=flags(*map(float, name)))
        found[f'feature_flare{name}'] = model.feature(images[:2], batch)
    model.flare = 'sample'  # each triplet as if it had been alone in the authors' batch
    mixed = model.feature(images[:2], TripletBatch(extras=flags(1, 0)))
    expected = torch.stack([outputs['feature_flare11'][0], outputs['feature_flare00'][1]])
    assert_close('facenet', {**found, 'mixed': mixed}, {**outputs, 'mixed': expected})


def test_parameters_are_the_authors_but_for_what_they_never_use() -> None:
    theirs, dropped = count_theirs('facenet')
    assert (theirs, dropped) == (411_047_353, 63_719_352)
    threshold = 1
    assert sum(p.numel() for p in build_on_meta(MODEL).parameters()) + threshold == theirs - dropped
