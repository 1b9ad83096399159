"""AGW equals its authors' network and loss."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.agw.convert import KEY_MAPS
from next_mm.methods.agw.loss import weighted_gaps
from tests.methods.cnn_parity import Parity, wavy

CONFIG = dict(
    type='AGWReID',
    modalities=['rgb'],
    network=dict(type='AGWNetwork', image_size=(256, 128), trunk=dict(type='ResNet', stem_relu=False)),
    branches=dict(whole=dict(losses=dict(id=dict(type='CrossEntropy')), test='after')),
    test_features=['whole'],
)


@pytest.mark.real_size
@torch.no_grad()
def test_one_network() -> None:
    parity = Parity('agw')
    model = parity.load(CONFIG, KEY_MAPS['one'], means={r'global_pool\.p': 3.0})
    parity.check('feature_before_bn', parity.features['rgb_whole'])
    parity.check('logits', parity.logits(model, ['rgb_whole'])[:, 0])
    network = model.networks['rgb']
    x = network.run_stage(2, network.trunk.layer1(network.trunk.stem(parity.images[:, 0])))
    parity.check('nl2_1', x[:, :8, ::8, ::8])
    x = network.run_stage(3, x)
    parity.check('nl3_2', x[:, ::64, ::4, ::4])
    parity.check('layer4', network.trunk.layer4(x)[:, ::128, ::4, ::4])
    parity.check_vehicle(model)
    for scale in (1, 10):
        far, near = weighted_gaps(wavy(8, 16) * scale, torch.tensor([0, 0, 1, 1, 2, 2, 3, 3]), stable=False)
        parity.check(f'wrt_pos_x{scale}', far)
        parity.check(f'wrt_neg_x{scale}', near)
        parity.check(f'wrt_loss_x{scale}', torch.nn.functional.softplus(far - near).mean().view(1))
    parity.finish()
