"""EDITOR at the authors' real size against the outputs of their program, and its parameters against their counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from next_mm.methods.editor import EDITORReID
from next_mm.methods.editor.attention import encode_with_attention
from next_mm.methods.editor.selection import bright_counts, class_rollout
from next_mm.models.layers import mark_highest
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from tests.methods.filling import FIXTURES, constant, on_device, read_outputs, waves
from tests.methods.parity import SIDE_VIT_B16, assert_close, build_on_meta, count_theirs, fixture_model

LOSSES = dict(id=dict(type='CrossEntropy', label_smoothing=0.1), triplet=dict(type='TripletLoss'))
MODEL: dict[str, Any] = dict(
    type='EDITORReID', num_classes=171, backbone=dict(SIDE_VIT_B16, num_cameras=4, first_camera=0)
)
BRANCHES = {'al1': ('fused', 'classes'), 'al0': ('fused', 'each')}


def config(variant: str) -> dict[str, Any]:
    return dict(MODEL, branches={key: dict(losses=LOSSES, bnneck_bias=True) for key in BRANCHES[variant]})


def pictures(batch: int) -> Tensor:
    """The common pictures plus a step for each patch, so that no two patches are equally bright at the
    border of the best ten."""
    row, column = np.mgrid[:256, :128] // 16
    patch = row * 8 + column
    steps = [(53 * patch + 41 * b) % 128 / 128 * 0.3 - 0.4 for b in range(batch)]
    return (waves(batch, 256, 128).double() + on_device(np.stack(steps))[:, None, None]).float()


@pytest.fixture(scope='module')
def outputs() -> dict[str, Tensor]:
    return read_outputs(FIXTURES / 'editor' / 'outputs.npz')


@torch.no_grad()
def train_outputs(model: EDITORReID, variant: str) -> dict[str, Tensor]:
    """Scores, losses and moved centres on four triplets, with the outputs' names."""
    images, batch = pictures(4), TripletBatch(labels=torch.tensor([0, 0, 1, 1]), cameras=torch.arange(4))
    features = model.extract(images, batch)
    views = model.identity_views(features, batch)
    losses = model.loss(images, batch)
    own = [losses[name] for name in ('loss_background', 'loss_objects')]
    parts = torch.stack([*(losses[f'{name}.loss_id'] + losses[f'{name}.loss_triplet'] for name in views), *own])
    return {
        f'train_{variant}_scores': torch.stack([view['logits'] for view in views.values()]),
        f'train_{variant}_loss': torch.cat([parts, parts.sum().view(1)]),
        'train_feature': features['fused'],
        'train_centers_rgb_after': model.centres.centres[0, :2],
    }


def fused_slice(joint: Tensor, selected: Tensor) -> Tensor:
    """Tokens 0, 1, 129 and 258 of the authors' 387 behind the joint block: the class tokens, and patch
    0, zero if not selected."""
    joint = joint.unflatten(1, (3, -1))[..., :64]
    patch = joint[:, 0, 1] * selected[:, :1]  # selected patches stand in their order
    return torch.stack([joint[:, 0, 0], patch, joint[:, 1, 0], joint[:, 2, 0]], dim=1)


@torch.no_grad()
@pytest.mark.real_size
def test_features_selection_slices_and_losses(outputs: dict[str, Tensor]) -> None:
    model = fixture_model('editor', config('al1'), on_meta=True, matrices=constant)
    images, cameras = pictures(2), torch.arange(2)
    joint: list[Tensor] = []
    hook = model.aggregation.norm.register_forward_hook(lambda *call: joint.append(call[2]))
    features = model.extract(images, TripletBatch(cameras=cameras))
    hook.remove()
    counts = bright_counts(images, 16, 16)
    assert torch.equal(counts.long(), outputs['freq_counts'])
    assert torch.equal(mark_highest(counts, 10), outputs['freq_mask'])
    assert torch.equal(features['selected'], outputs['token_mask'])
    found = {'feature': model.test_feature(features), 'fused': fused_slice(joint[0], outputs['token_mask'])}
    for m, name in enumerate(MODALITIES):
        tokens, maps = encode_with_attention(model.backbone, images[:, m], cameras)
        rollout = class_rollout(maps)
        assert torch.equal(mark_highest(rollout, 2).any(dim=1), outputs[f'select_{name}'])
        found |= {f'tokens_{name}': tokens[:, :3, :64], f'rollout_{name}': rollout}
    assert_close('editor', found | train_outputs(model, 'al1'), outputs)


@pytest.mark.real_size
def test_scores_and_losses_of_the_other_heads(outputs: dict[str, Tensor]) -> None:
    model = fixture_model('editor', config('al0'), variant='al0', on_meta=True, matrices=constant)
    assert_close('editor', train_outputs(model, 'al0'), outputs)


@pytest.mark.parametrize('variant', BRANCHES)
def test_parameters_are_the_authors_but_for_what_they_never_use(variant: str) -> None:
    model = build_on_meta(config(variant))
    theirs, dropped = count_theirs('editor', variant)
    centres = model.centres.centres.numel()
    assert theirs == 119_709_160 + 16  # with the eight Haar filters
    assert sum(parameter.numel() for parameter in model.parameters()) + centres == theirs - dropped
    assert centres == 393_984
