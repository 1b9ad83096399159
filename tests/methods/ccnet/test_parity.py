"""CCNet equals its authors' network and losses."""

from __future__ import annotations

import pytest
import torch

from next_mm.methods.ccnet.convert import KEY_MAPS
from next_mm.methods.ccnet.loss import modality_spread, sample_spread
from next_mm.triplet import MODALITIES
from tests.methods.cnn_parity import Parity, wavy

CONFIG = dict(
    type='CCNetReID',
    network=dict(type='CCNetwork', image_size=(256, 128), trunk=dict(type='ResNet', stem_relu=False)),
    branches=dict(whole=dict(losses=dict(id=dict(type='CrossEntropy')))),
    test_features=['whole'],
)


@pytest.mark.real_size
@torch.no_grad()
def test_network_and_losses() -> None:
    parity = Parity('ccnet')
    model = parity.load(CONFIG, KEY_MAPS['authors'])
    views = {m: model.branches[f'{m}_whole'].views(parity.features[f'{m}_whole']) for m in MODALITIES}
    parity.check('feature_after_bn', torch.cat([view['normed'] for view in views.values()], dim=1))
    for modality, view in views.items():
        parity.check(f'logits_{modality}', view['logits'])
    network = model.networks['rgb']
    x = network.trunk.layer2(network.trunk.layer1(network.trunk.stem(parity.images[:, 0])))
    parity.check('alnu_in_rgb', x[:, ::32, ::4, ::4])
    parity.check('alnu_out_rgb', network.norm(x)[:, ::32, ::4, ::4])
    parity.check('alnu_gamma_rgb', network.norm.gamma(x).flatten())
    parity.check('alnu_beta_rgb', network.norm.beta(x).flatten())
    parity.check_vehicle(model)
    labels = torch.arange(4).repeat_interleave(4)
    parity.check('loss_cdc_m', modality_spread(wavy(3, 16, 16), labels).view(1))
    parity.check('loss_cdc_s', sample_spread(wavy(3, 16, 16), labels).view(1))
    parity.finish()
