"""HAMNet equals its authors' three-modality class, and the later rewrite."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.hamnet.convert import KEY_MAPS
from tests.methods.cnn_parity import Parity, everything, load_authors
from tests.methods.filling import waves

MODALITIES = ('rgb', 'nir', 'tir')


def config(fused_logits: str) -> dict:
    trunk = dict(type='ResNet', stem_relu=False)
    losses = dict(id=dict(type='CrossEntropy'))
    return dict(
        type='HAMNetReID',
        backbone=dict(type='TripletTrunks', image_size=(256, 128), trunk=trunk),
        fused_logits=fused_logits,
        branches=dict(identity=dict(losses=losses, bnneck=False, classifier_bias=True)),
    )


@pytest.mark.real_size
@torch.no_grad()
@pytest.mark.parametrize(('system', 'variant'), [('hamnet', 'authors'), ('hamnet_ccnet', 'ccnet')])
def test_network(system: str, variant: str) -> None:
    parity = Parity(system)
    model = load_authors(system, config('classifier' if variant == 'authors' else 'votes'), KEY_MAPS[variant])
    images = waves(2, 256, 128)
    features = model.extract(images, everything(2))
    classifier = model.branches['identity'].classifier
    parity.check('feature', model.feature(images, everything(2)))
    for modality in MODALITIES:
        parity.check(f'feature_{modality}', features[modality])
        parity.check(f'logits_{modality}', classifier(features[modality]))
    parity.check('logits_fused', classifier(features['fused']) if variant == 'authors' else features['votes'])
    if variant == 'authors':
        rgb, _, tir = model.backbone(images)
        parity.check('cam_rgb', model.class_maps['rgb'](rgb)[:, ::16, ::4, ::2])
        parity.check('tir_before_bn', tir.mean(dim=(2, 3))[:, ::16])
        parity.check_vehicle(model)
    parity.finish()
