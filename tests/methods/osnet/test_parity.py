"""OSNet equals its authors' network, alone and three times."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.osnet.convert import KEY_MAPS
from next_mm.triplet import MODALITIES
from tests.methods.cnn_parity import PLAIN_BRANCH, Parity, check_three_networks


def config(width: float, modalities: tuple[str, ...]) -> dict:
    return dict(
        type='OSNetReID',
        modalities=modalities,
        network=dict(type='OSNet', image_size=(256, 128), width=width),
        branches=dict(whole=PLAIN_BRANCH),
        test_features=['whole'],
    )


@pytest.mark.real_size
@torch.no_grad()
def test_one_network() -> None:
    parity = Parity('osnet')
    model = parity.load(config(1.0, ('rgb',)), KEY_MAPS['torchreid'])
    parity.check('logits', parity.logits(model, ['rgb_whole'])[:, 0])
    network = model.networks['rgb']
    x = network.maxpool(network.stem(parity.images[:, 0]))
    parity.check('stem', x[:, :4, ::8, ::8])
    block = network.stages[0][0]
    parity.check('conv2_0_gate_d', block.gate.weights(block.streams[3](block.reduce(x))).flatten(1))
    x = network.stages[0](x)
    parity.check('conv2', x[:, ::16, ::8, ::4])
    x = network.stages[2](network.stages[1](x))
    parity.check('conv4', x[:, ::32, ::4, ::2])
    parity.check('conv5', network.last(x)[:, ::32, ::4, ::2])
    parity.check_vehicle(model)
    parity.finish()


@pytest.mark.real_size
@torch.no_grad()
def test_three_networks() -> None:
    check_three_networks('osnet_3modal', config(0.5, MODALITIES), KEY_MAPS['ieee'], ['whole'])
