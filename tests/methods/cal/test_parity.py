"""CAL equals its authors' network."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.cal.convert import KEY_MAPS
from next_mm.methods.cal.network import pool_parts
from tests.methods.cnn_parity import Parity, everything

CONFIG = dict(
    type='CALReID',
    modalities=['rgb'],
    network=dict(type='CALNetwork', image_size=(256, 128), trunk=dict(type='ResNet', stem_relu=False)),
    branches=dict(whole=dict(losses=dict(id=dict(type='CrossEntropy')), test='logits')),
    test_features=['whole'],
    mirrored=False,
)


def tied(key: str) -> str:
    """The name that decides the values of a tensor that has two."""
    if key.startswith(('base.conv1.', 'base.bn1.')):
        return key.replace('base.conv1.', 'base_1.0.').replace('base.bn1.', 'base_1.1.')
    if key.startswith('base.layer'):
        stage = int(key[len('base.layer')])
        return f'base_{stage + 1}.0.' + key[len('base.layer1.') :]
    return key


@pytest.mark.real_size
@torch.no_grad()
def test_one_network() -> None:
    parity = Parity('cal')
    model = parity.load(CONFIG, KEY_MAPS['one'], means={r'BN\d\.bottleneck2\.weight': 4.0}, tied=tied)
    branch = model.branches['rgb_whole']
    logits, other = (branch.views(parity.features[f'rgb_{name}'])['logits'] for name in ('whole', 'counterfactual'))
    parity.check('logits', logits)
    parity.check('logits_effect', logits - other)
    parity.check('embedding_2048', parity.features['rgb_whole'])
    model.mirrored = True
    full = model.feature(parity.images, everything(2))
    parity.check('feature_flip_sum_l2', torch.nn.functional.normalize(full, dim=1))
    model.mirrored = False
    parity.check_vehicle(model)
    network = model.networks['rgb']
    refined = network.refine[0][:2](network.trunk.stem(parity.images[:, 0]))
    parity.check('stage1', refined[:, ::8, ::16, ::8])
    x = network.trunk.layer1(network.refine[0][2](refined))
    parity.check('split2', network.refine[1][0](x)[:, ::32, ::16, ::8])
    mapped = network.refined_map(parity.images[:, 0])
    maps = network.parts(mapped)
    parity.check('part_maps', maps)
    parity.check('bap', pool_parts(maps, mapped)[:, ::128])
    parity.check('bap_counterfactual', pool_parts(torch.ones_like(maps), mapped)[:, ::128])
    parity.finish()
