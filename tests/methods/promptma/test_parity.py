"""PromptMA at the authors' real size against the outputs of their program, and its parameters against their counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from next_mm.methods.promptma.fusion import mean_exchanged
from next_mm.methods.promptma.selection import select_patches
from next_mm.structures import TripletBatch
from tests.methods.filling import FIXTURES, read_outputs, ripples
from tests.methods.parity import CLIP_B16, assert_close, build_on_meta, count_trainable, fixture_model

LOSSES = dict(
    id=dict(type='CrossEntropy', label_smoothing=0.1, weight=0.25), triplet=dict(type='TripletLoss', margin=0.3)
)
NAMES = ('rgb', 'nir', 'tir', 'fusion')
PERSONS: dict[str, Any] = dict(
    type='PromptMAReID',
    num_classes=171,
    backbone=dict(type='ExchangingCLIPVisual', **CLIP_B16, num_prompted=9),
    branches={name: dict(losses=LOSSES, test='after') for name in NAMES},
)
MSVR310: dict[str, Any] = dict(PERSONS, num_classes=155, backbone=dict(PERSONS['backbone'], num_prompted=6))
IDLE = 768 * 512 + 2 * 768  # CLIP's projection and two class tokens: trainable in their model, never used


@torch.no_grad()
@pytest.mark.real_size
def test_features_logits_and_slices() -> None:
    model = fixture_model('promptma', PERSONS)
    outputs = read_outputs(FIXTURES / 'promptma' / 'outputs.npz')
    images = ripples(2, 256, 128)
    prompted: list[tuple[Tensor, Tensor, Tensor]] = []
    run = model.backbone.run_prompted
    model.backbone.run_prompted = lambda *inputs: prompted.append(run(*inputs)) or prompted[-1]
    seen: dict[str, Any] = {}
    hook = model.backbone.register_forward_hook(lambda module, inputs, output: seen.update(tower=output))
    features = model.extract(images, TripletBatch())
    hook.remove()
    del model.backbone.run_prompted
    tower = seen['tower']
    first = prompted[0][0].unflatten(0, (2, 3))
    found = {
        'feature': model.test_feature(features),
        'mid_block0': first[:, :, [0, 1, 64, 128], :32],
        'mid_attention0': tower.maps[0][:, :, [0, 129, 130, 131]],
        'mid_prompt0': prompted[0][1][..., :32],
        'mid_prompt_last': prompted[-1][1][..., :32],
        'mid_fusion_query': mean_exchanged(tower.prompts).unsqueeze(1)[..., :64],
        'train_prompts': tower.prompts[..., :32],
    }
    for number, name in enumerate(NAMES):
        found[f'train_feature{number}'] = features[name]
        found[f'train_score{number}'] = model.branches[name].views(features[name])['logits']
    for name in ('r', 'nt'):
        present = torch.tensor([[letter not in name for letter in 'rnt']] * 2)
        found[f'feature_zero_pictures_{name}'] = model.feature(images, TripletBatch(present=present))
    assert torch.equal(select_patches(tower.maps, 0.5), outputs['mid_masks'])
    assert_close('promptma', found, outputs)


def test_parameters() -> None:
    """The authors' own counts less what nothing reads in their model."""
    assert count_trainable(build_on_meta(PERSONS)) == 107_942_400 - IDLE
    assert count_trainable(build_on_meta(MSVR310)) == 129_156_864 - IDLE


@pytest.mark.real_size
def test_msvr310_weights_fit() -> None:
    fixture_model('promptma', MSVR310, keys='keys_msvr310.json')
