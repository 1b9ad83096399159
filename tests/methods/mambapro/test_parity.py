"""MambaPro at the authors' real size against the outputs of their program, and its parameters against their counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from next_mm.structures import TripletBatch
from tests.methods.filling import FIXTURES, read_outputs, ripples
from tests.methods.parity import CLIP_B16, assert_close, build_on_meta, count_trainable, fixture_model

LOSSES = dict(id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.25), triplet=dict(type='TripletLoss'))
PERSONS: dict[str, Any] = dict(
    type='MambaProReID',
    num_classes=171,
    backbone=dict(type='PromptAdapterCLIPVisual', **CLIP_B16, num_cameras=4, first_camera=1, camera_on='class'),
    branches={name: dict(losses=LOSSES) for name in ('classes', 'fused')},
)
VEHICLES: dict[str, Any] = dict(
    PERSONS,
    num_classes=155,
    backbone=dict(PERSONS['backbone'], image_size=(128, 256), num_cameras=8),
    branches={name: dict(losses=LOSSES) for name in ('each', 'fused')},
)
TRANSFER_OF_BLOCK_1 = 2 * 768 * 384 + 768 + 384


@torch.no_grad()
@pytest.mark.real_size
def test_features_logits_and_slices() -> None:
    model = fixture_model('mambapro', PERSONS)
    outputs = read_outputs(FIXTURES / 'mambapro' / 'outputs.npz')
    images, cameras = ripples(2, 256, 128), torch.tensor([2, 4])
    adapted: list[tuple[Tensor, Tensor]] = []
    run = model.backbone.run_adapted
    model.backbone.run_adapted = lambda *inputs: adapted.append(run(*inputs)) or adapted[-1]
    seen: dict[str, Any] = {}
    hooks = [
        model.backbone.register_forward_hook(lambda module, inputs, output: seen.update(tower=output)),
        model.aggregation[0].register_forward_hook(lambda module, inputs, output: seen.update(intra=output)),
        model.aggregation[0].ssm.register_forward_hook(lambda module, inputs, output: seen.update(ssm=output)),
        model.aggregation[1].register_forward_hook(lambda module, inputs, output: seen.update(block=output)),
    ]
    features = model.extract(images, TripletBatch(cameras=cameras))
    for hook in hooks:
        hook.remove()
    del model.backbone.run_adapted
    tower = torch.cat([seen['tower'].classes.unsqueeze(2), seen['tower'].tokens], dim=2)
    places = [0, 1, 64, 127]
    found = {
        'feature': model.test_feature(features),
        'feature_without_aggregation': features['classes'],
        'mid_tower': tower[:, :, [0, 1, 2, 64, 128], :32],
        'mid_block0': adapted[0][0].unflatten(0, (2, 3))[:, :, [0, 1, 64, 128], :32],
        'mid_prompt0': adapted[0][1][..., :32],
        'mid_prompt1': adapted[1][1][..., :32],
        'mid_ssm': seen['ssm'][0][:, places, :32],
        'mid_intra': seen['intra'][:, :, places, :32],
        'mid_ma0': seen['block'][:, :, places, :32],
        'train_0': model.branches['classes'].views(features['classes'])['logits'],
        'train_1': features['classes'],
        'train_2': model.branches['fused'].views(features['fused'])['logits'],
        'train_3': features['fused'],
    }
    for name in ('r', 'nt'):
        present = torch.tensor([[letter not in name for letter in 'rnt']] * 2)
        batch = TripletBatch(cameras=cameras, present=present)
        found[f'feature_zero_pictures_{name}'] = model.feature(images, batch)
    assert_close('mambapro', found, outputs)


def test_parameters() -> None:
    """The authors' own counts, less the transfer net of the first block and the idle head."""
    assert count_trainable(build_on_meta(PERSONS)) == 74_794_496 - TRANSFER_OF_BLOCK_1 - 171 * 512 - 512
    assert count_trainable(build_on_meta(VEHICLES)) == 74_740_224 - TRANSFER_OF_BLOCK_1 - 155 * 1536 - 1536


@pytest.mark.real_size
def test_vehicle_weights_fit() -> None:
    fixture_model('mambapro', VEHICLES, keys='keys_vehicle.json', variant='vehicles')
