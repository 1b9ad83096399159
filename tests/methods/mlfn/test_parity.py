"""MLFN equals its authors' network, alone and three times."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.mlfn.convert import KEY_MAPS
from next_mm.triplet import MODALITIES
from tests.methods.cnn_parity import PLAIN_BRANCH, Parity, check_three_networks


def config(*modalities: str) -> dict:
    return dict(
        type='MLFNReID',
        modalities=modalities,
        network=dict(type='MLFN', image_size=(256, 128)),
        branches=dict(whole=PLAIN_BRANCH),
        test_features=['whole'],
    )


@pytest.mark.real_size
@torch.no_grad()
def test_one_network() -> None:
    parity = Parity('mlfn')
    model = parity.load(config('rgb'), KEY_MAPS['torchreid'])
    parity.check('logits', parity.logits(model, ['rgb_whole'])[:, 0])
    network = model.networks['rgb']
    x = network.maxpool(network.stem(parity.images[:, 0]))
    factors = []
    for index, block in enumerate(network.blocks):
        x, selection = block(x)
        factors.append(selection.flatten(1))
        if index == 0:
            parity.check('block0', x[:, ::16, ::8, ::4])
    parity.check('block15', x[:, ::128, ::2, ::2])
    parity.check('factors', torch.cat(factors, dim=1))
    parity.check_vehicle(model)
    parity.finish()


@pytest.mark.real_size
@torch.no_grad()
def test_three_networks() -> None:
    check_three_networks('mlfn_3modal', config(*MODALITIES), KEY_MAPS['ieee'], ['whole'])
