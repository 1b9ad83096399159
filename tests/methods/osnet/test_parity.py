"""OSNet equals its authors' network, alone and three times."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.osnet.convert import KEY_MAPS
from tests.methods.cnn_parity import Parity, everything, load_authors
from tests.methods.filling import waves

BRANCH = dict(losses=dict(id=dict(type='CrossEntropy')), bnneck=False, classifier_bias=True)


def config(width: float, modalities: tuple[str, ...]) -> dict:
    return dict(
        type='OSNetReID',
        modalities=modalities,
        network=dict(type='OSNet', image_size=(256, 128), width=width),
        branches=dict(whole=BRANCH),
        test_features=['whole'],
    )


@pytest.mark.real_size
@torch.no_grad()
def test_one_network() -> None:
    parity = Parity('osnet')
    model = load_authors('osnet', config(1.0, ('rgb',)), KEY_MAPS['torchreid'])
    images = waves(2, 256, 128)
    feature = model.feature(images, everything(2))
    parity.check('feature', feature)
    parity.check('logits', model.branches['rgb_whole'].views(feature)['logits'])
    network = model.networks['rgb']
    x = network.maxpool(network.stem(images[:, 0]))
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
    parity = Parity('osnet_3modal')
    model = load_authors('osnet_3modal', config(0.5, ('rgb', 'nir', 'tir')), KEY_MAPS['ieee'])
    images = waves(2, 256, 128)
    features = model.extract(images, everything(2))
    parity.check('feature', model.feature(images, everything(2)))
    parity.check('feature_train', torch.cat(list(features.values()), dim=1))
    logits = [model.branches[name].views(feature)['logits'] for name, feature in features.items()]
    parity.check('logits', torch.stack(logits, dim=1))
    parity.check_vehicle(model)
    parity.finish()
