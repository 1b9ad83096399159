"""PFNet equals the form for persons and the one in CCNet's repository."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.pfnet.convert import KEY_MAPS
from tests.methods.cnn_parity import PLAIN_BRANCH, Parity

PERSONS = dict(
    type='PFNetReID',
    backbone=dict(type='TripletTrunks', image_size=(256, 128), trunk=dict(type='ResNet')),
    branches=dict(part=PLAIN_BRANCH),
)
TRUNK = dict(type='ResNet', stem_norm=False, stem_relu=False, maxpool=False, last_stride=2)
VEHICLES = dict(
    type='PFNetReID',
    backbone=dict(type='TripletTrunks', image_size=(256, 128), trunk=dict(type='GatedTrunk', trunk=TRUNK)),
    share_rgb_classifier=True,
    branches=dict(part=PLAIN_BRANCH, all=PLAIN_BRANCH),
)


@pytest.mark.real_size
@torch.no_grad()
def test_form_for_persons() -> None:
    parity = Parity('pfnet')
    model = parity.load(PERSONS, KEY_MAPS['persons'])
    names = [f'{name}_{half}' for half in ('top', 'bottom') for name in ('rgb', 'nir', 'tir', 'rgbtir', 'rgbnir')]
    parity.check('logits', parity.logits(model, names))
    parity.check('backbone_rgb', model.backbone(parity.images)[0][:, ::128, ::4, ::4])
    parity.check('rt_top', parity.features['rgbtir_top'])
    parity.check_vehicle(model)
    parity.finish()


@pytest.mark.real_size
@torch.no_grad()
def test_form_for_vehicles() -> None:
    parity = Parity('pfnet_ccnet')
    for name in ('feature', 'feature_128x256'):  # their five maps in the opposite order
        parity.expected[name] = parity.expected[name].unflatten(1, (5, -1)).flip(1).flatten(1)
    model = parity.load(VEHICLES, KEY_MAPS['ccnet'])
    parity.check('logits_all', model.branches['all'].classifier(parity.features['all']))
    theirs = dict(rgb='rgb', second='nir', third='tir', fuse12='rgbnir', fuse13='rgbtir')
    for their, ours in theirs.items():
        for half in ('top', 'bottom'):
            branch = model.branches['rgb_halves' if ours == 'rgb' else f'{ours}_{half}']
            parity.check(f'logits_{their}_{half}', branch.classifier(parity.features[f'{ours}_{half}']))
    gated = model.backbone.trunks['rgb']
    x = gated.trunk.layer2(gated.trunk.layer1(gated.trunk.stem(parity.images[:, 0])))
    parity.check('layer2_rgb', x[:, ::64, ::16, ::8])
    x = gated.trunk.layer3(x)
    weights = gated.gate(x)
    parity.check('spatial_rgb_layer3', weights.squeeze(1))
    parity.check('spatial_rgb_layer4', gated.gate(gated.trunk.layer4(x * weights)).squeeze(1))
    parity.check_vehicle(model)
    parity.finish()
