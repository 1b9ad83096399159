"""TOP-ReID at the authors' real size against the outputs of their program, and its parameters against their counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from next_mm.methods.topreid import TOPReID
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from tests.methods.filling import FIXTURES, constant, read_outputs, waves
from tests.methods.parity import SIDE_VIT_B16, assert_close, build_on_meta, count_theirs, fixture_model

LOSSES = dict(id=dict(type='CrossEntropy', label_smoothing=0.1), triplet=dict(type='TripletLoss'))
MODEL: dict[str, Any] = dict(
    type='TOPReID', num_classes=171, backbone=dict(SIDE_VIT_B16, num_cameras=4, first_camera=0)
)
BRANCHES = {'direct0': ('permuted', *MODALITIES), 'direct1': ('permuted', 'classes')}


def config(variant: str) -> dict[str, Any]:
    return dict(MODEL, branches={key: dict(losses=LOSSES) for key in BRANCHES[variant]})


@pytest.fixture(scope='module')
def outputs() -> dict[str, Tensor]:
    return read_outputs(FIXTURES / 'topreid' / 'outputs.npz')


@torch.no_grad()
def train_outputs(model: TOPReID, variant: str) -> dict[str, Tensor]:
    """Scores and losses on four triplets, with the outputs' names."""
    images, batch = waves(4, 256, 128), TripletBatch(labels=torch.tensor([0, 0, 1, 1]), cameras=torch.arange(4))
    losses, features = model.loss(images, batch), model.extract(images, batch)
    views = model.identity_views(features, batch)
    sums = [losses[f'{name}.loss_id'] + losses[f'{name}.loss_triplet'] for name in BRANCHES[variant]]
    parts = torch.stack([*sums, losses['loss_reconstruction']])
    return {
        f'train_{variant}_scores': torch.stack([views[name]['logits'] for name in BRANCHES[variant]]),
        f'train_{variant}_loss': torch.cat([parts, parts.sum().view(1)]),
        'train_tpm_feature': features['permuted'],
        'train_vit_feature': features['classes'],
    }


@torch.no_grad()
@pytest.mark.real_size
def test_features_missing_modalities_slices_and_losses(outputs: dict[str, Tensor]) -> None:
    model = fixture_model('topreid', config('direct0'), on_meta=True, matrices=constant)
    images, cameras = waves(2, 256, 128), torch.arange(2)
    steps: list[Tensor] = []
    hooks = [step.register_forward_hook(lambda *call: steps.append(call[2])) for step in model.permutation.steps[:2]]
    features = model.extract(images, TripletBatch(cameras=cameras))
    for hook in hooks:
        hook.remove()
    found = {
        'feature': model.test_feature(features),
        'tpm_start_cls': steps[0][..., :64],
        'tpm_middle_cls': steps[1][:, [0, 2, 1], :64],
        **{f'tokens_{name}': features['tokens'][:, m, :3, :64] for m, name in enumerate(('rgb', 'ni', 'ti'))},
        **train_outputs(model, 'direct0'),
    }
    for letters in ('r', 'n', 't', 'rn', 'rt', 'nt'):
        present = torch.tensor([[letter not in letters for letter in 'rnt']] * 2)
        found[f'feature_missing_{letters}'] = model.feature(images, TripletBatch(cameras=cameras, present=present))
    assert_close('topreid', found, outputs)


@pytest.mark.real_size
def test_scores_and_losses_of_the_other_heads(outputs: dict[str, Tensor]) -> None:
    model = fixture_model('topreid', config('direct1'), variant='direct1', on_meta=True, matrices=constant)
    assert_close('topreid', train_outputs(model, 'direct1'), outputs)


@pytest.mark.parametrize('variant', BRANCHES)
def test_parameters_are_the_authors_but_for_what_they_never_use(variant: str) -> None:
    model = build_on_meta(config(variant))
    theirs, dropped = count_theirs('topreid', variant)
    assert theirs == 324_526_008
    assert sum(parameter.numel() for parameter in model.parameters()) == theirs - dropped
    assert sum(p.numel() for p in model.permutation.parameters()) == 21_261_312
    assert sum(p.numel() for p in model.reconstruction.parameters()) == 42_513_408
