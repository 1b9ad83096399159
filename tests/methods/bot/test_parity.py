"""BoT equals its authors' network."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.bot.convert import KEY_MAPS
from tests.methods.cnn_parity import Parity

CONFIG = dict(
    type='BoTReID',
    modalities=['rgb'],
    network=dict(type='BoTNetwork', image_size=(256, 128), trunk=dict(type='ResNet', stem_relu=False)),
    branches=dict(whole=dict(losses=dict(id=dict(type='CrossEntropy')), test='after')),
    test_features=['whole'],
)


@pytest.mark.real_size
@torch.no_grad()
def test_one_network() -> None:
    parity = Parity('bot')
    model = parity.load(CONFIG, KEY_MAPS['one'])
    parity.check('feature_before_bn', parity.features['rgb_whole'])
    parity.check('logits', parity.logits(model, ['rgb_whole'])[:, 0])
    trunk = model.networks['rgb'].trunk
    x = trunk.bn1(trunk.conv1(parity.images[:, 0]))
    parity.check('stem_no_relu', x[:, :4, ::16, ::16])
    x = trunk.layer2(trunk.layer1(trunk.maxpool(x)))
    parity.check('layer2', x[:, :8, ::8, ::8])
    parity.check('layer4', trunk.layer4(trunk.layer3(x))[:, ::128, ::4, ::4])
    parity.check_vehicle(model)
    parity.finish()
