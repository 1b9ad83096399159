"""MLFN equals its authors' network, alone and three times."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.mlfn.convert import KEY_MAPS
from tests.methods.cnn_parity import Parity, everything, load_authors
from tests.methods.filling import waves

BRANCH = dict(losses=dict(id=dict(type='CrossEntropy')), bnneck=False, classifier_bias=True)


def config(*modalities: str) -> dict:
    return dict(
        type='MLFNReID',
        modalities=modalities,
        network=dict(type='MLFN', image_size=(256, 128)),
        branches=dict(whole=BRANCH),
        test_features=['whole'],
    )


@pytest.mark.real_size
@torch.no_grad()
def test_one_network() -> None:
    parity = Parity('mlfn')
    model = load_authors('mlfn', config('rgb'), KEY_MAPS['torchreid'])
    images = waves(2, 256, 128)
    feature = model.feature(images, everything(2))
    parity.check('feature', feature)
    parity.check('logits', model.branches['rgb_whole'].views(feature)['logits'])
    network = model.networks['rgb']
    x = network.maxpool(network.stem(images[:, 0]))
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
    parity = Parity('mlfn_3modal')
    model = load_authors('mlfn_3modal', config('rgb', 'nir', 'tir'), KEY_MAPS['ieee'])
    images = waves(2, 256, 128)
    features = model.extract(images, everything(2))
    parity.check('feature', model.feature(images, everything(2)))
    parity.check('feature_train', torch.cat(list(features.values()), dim=1))
    logits = [model.branches[name].views(feature)['logits'] for name, feature in features.items()]
    parity.check('logits', torch.stack(logits, dim=1))
    parity.check_vehicle(model)
    parity.finish()
