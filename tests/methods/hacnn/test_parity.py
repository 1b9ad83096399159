"""HACNN equals its authors' network, alone and three times."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.hacnn.attention import crop_regions
from next_mm.methods.hacnn.convert import KEY_MAPS
from next_mm.triplet import MODALITIES
from tests.methods.cnn_parity import PLAIN_BRANCH, Parity, check_three_networks, everything

MEANS = {r'.*hard_attn\.fc\.bias': [0, -0.75, 0, -0.25, 0, 0.25, 0, 0.75]}


def config(*modalities: str) -> dict:
    return dict(
        type='HACNNReID',
        modalities=modalities,
        network=dict(type='HACNN'),
        branches=dict(whole=PLAIN_BRANCH, local=PLAIN_BRANCH),
        test_features=['whole', 'local'],
    )


@pytest.mark.real_size
@torch.no_grad()
def test_one_network() -> None:
    parity = Parity('hacnn')
    model = parity.load(config('rgb'), KEY_MAPS['torchreid'], size=(160, 64), means=MEANS)
    for their, ours in (('global', 'rgb_whole'), ('local', 'rgb_local')):
        parity.check(f'{their}_512', parity.features[ours])
        parity.check(f'logits_{their}', parity.logits(model, [ours])[:, 0])
    network = model.networks['rgb']
    network.align_corners = True
    parity.check('feature_align_corners', model.feature(parity.images, everything(2)))
    x0 = network.stem(parity.images[:, 0])
    x1 = network.stages[0](x0)
    parity.check('inception1', x1[:, ::16, ::8, ::4])
    attention = network.soft[0](x1)
    parity.check('attention1', attention[:, ::16, ::8, ::4])
    theta = network.hard[0](x1)
    parity.check('theta1', theta)
    parity.check('theta2', network.hard[1](network.stages[1](x1 * attention)))
    region = crop_regions(x0, theta, (80, 32), align_corners=False)[:, 1]  # not resized
    parity.check('region1', region[:, ::8, ::16, ::8])
    local = network.local[0](crop_regions(x0, theta, (24, 28), align_corners=False)[:, 1])
    parity.check('local1_region1', local[:, ::16, ::3, ::3])
    parity.finish()


@pytest.mark.real_size
@torch.no_grad()
def test_three_networks() -> None:
    check_three_networks(
        'hacnn_3modal', config(*MODALITIES), KEY_MAPS['ieee'], ['whole', 'local'], size=(160, 64), means=MEANS
    )
