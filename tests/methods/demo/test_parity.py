"""DeMo at the authors' real size against the outputs of their program, and its parameters against their counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from next_mm.methods.demo import DeMoReID
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from tests.methods.filling import FIXTURES, read_outputs, ripples
from tests.methods.parity import CLIP_B16, assert_close, build_on_meta, count_trainable, fixture_model

LOSSES = dict(id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.25), triplet=dict(type='TripletLoss'))
PERSONS: dict[str, Any] = dict(
    type='DeMoReID',
    num_classes=171,
    num_heads=4,
    backbone=dict(type='CLIPVisual', **CLIP_B16, num_cameras=4, first_camera=1, camera_on='class'),
    branches=dict(experts=dict(losses=LOSSES), classes=dict(losses=LOSSES)),
)
VEHICLES: dict[str, Any] = dict(
    PERSONS,
    num_classes=155,
    num_heads=8,
    backbone=dict(PERSONS['backbone'], image_size=(128, 256), num_cameras=8),
    branches={name: dict(losses=LOSSES) for name in ('experts', *MODALITIES)},
)


@pytest.fixture(scope='module')
def model() -> DeMoReID:
    return fixture_model('demo', PERSONS)


@pytest.fixture(scope='module')
def outputs() -> dict[str, Tensor]:
    return read_outputs(FIXTURES / 'demo' / 'outputs.npz')


@torch.no_grad()
@pytest.mark.real_size
def test_features_logits_and_slices(model: DeMoReID, outputs: dict[str, Tensor]) -> None:
    images, cameras = ripples(2, 256, 128), torch.tensor([2, 4])
    seen: dict[str, Any] = {}
    hooks = [
        model.backbone.tower.ln_pre.register_forward_hook(
            lambda module, inputs, output: seen.setdefault('ln_pre', []).append(output)
        ),
        model.decoupling.register_forward_hook(lambda module, inputs, output: seen.update(hdm=output)),
        model.backbone.register_forward_hook(lambda module, inputs, output: seen.update(tower=output)),
        model.mixture.gate.register_forward_hook(lambda module, inputs, output: seen.update(gates=output)),
    ]
    batch = TripletBatch(cameras=cameras)
    features = model.extract(images, batch)
    for hook in hooks:
        hook.remove()
    tokens = torch.cat([seen['tower'].classes.unsqueeze(2), seen['tower'].tokens], dim=2)
    places = [0, 1, 2, 64, 128]
    found = {
        'feature': model.test_feature(features),
        'feature_ori': features['classes'],
        'feature_moe': features['experts'],
        'mid_ln_pre': torch.stack(seen['ln_pre'], dim=1)[:, :, places, :16],
        'mid_tower': tokens[:, :, places, :32],
        'mid_tower_mean': tokens.mean(dim=2)[..., :64],
        'mid_hdm': seen['hdm'][..., :64],
        'mid_gates': seen['gates'].transpose(1, 2).unsqueeze(2),
        'train_0': model.branches['experts'].views(features['experts'])['logits'],
        'train_1': features['experts'],
        'train_2': model.branches['classes'].views(features['classes'])['logits'],
        'train_3': features['classes'],
    }
    for name in ('r', 'n', 't', 'rn', 'rt', 'nt'):
        present = torch.tensor([[letter not in name for letter in 'rnt']] * 2)
        found[f'feature_missing_{name}'] = model.feature(images, TripletBatch(cameras=cameras, present=present))
    assert_close('demo', found, outputs)


def test_parameters() -> None:
    """The authors' own counts, trainable and in all, of their person and vehicle configs."""
    persons = build_on_meta(PERSONS)
    assert count_trainable(persons) == 98_792_960
    assert sum(parameter.numel() for parameter in persons.parameters()) == 98_798_080
    assert count_trainable(build_on_meta(VEHICLES)) == 98_484_736


@pytest.mark.real_size
def test_vehicle_weights_fit() -> None:
    fixture_model('demo', VEHICLES, keys='keys_vehicle.json')
