"""HAMNet equals its authors' three-modality class, and the later rewrite."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.hamnet.convert import KEY_MAPS
from next_mm.triplet import MODALITIES
from tests.methods.cnn_parity import PLAIN_BRANCH, Parity


def config(fused_logits: str) -> dict:
    trunk = dict(type='ResNet', stem_relu=False)
    return dict(
        type='HAMNetReID',
        backbone=dict(type='TripletTrunks', image_size=(256, 128), trunk=trunk),
        fused_logits=fused_logits,
        branches=dict(identity=PLAIN_BRANCH),
    )


@pytest.mark.real_size
@torch.no_grad()
@pytest.mark.parametrize(('system', 'variant'), [('hamnet', 'authors'), ('hamnet_ccnet', 'ccnet')])
def test_network(system: str, variant: str) -> None:
    parity = Parity(system)
    model = parity.load(config('classifier' if variant == 'authors' else 'votes'), KEY_MAPS[variant])
    features = parity.features
    classifier = model.branches['identity'].classifier
    for modality in MODALITIES:
        parity.check(f'feature_{modality}', features[modality])
        parity.check(f'logits_{modality}', classifier(features[modality]))
    parity.check('logits_fused', classifier(features['fused']) if variant == 'authors' else features['votes'])
    if variant == 'authors':
        rgb, _, tir = model.backbone(parity.images)
        parity.check('cam_rgb', model.class_maps['rgb'](rgb)[:, ::16, ::4, ::2])
        parity.check('tir_before_bn', tir.mean(dim=(2, 3))[:, ::16])
        parity.check_vehicle(model)
    parity.finish()
