"""IEEE equals its authors' network and loss."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from next_mm.methods.ieee.convert import KEY_MAPS
from next_mm.methods.ieee.loss import margin_loss
from next_mm.triplet import MODALITIES
from tests.methods.cnn_parity import PLAIN_BRANCH, Parity, wavy

CONFIG = dict(
    type='IEEEReID',
    backbone=dict(type='TripletTrunks', image_size=(256, 128), trunk=dict(type='ResNet')),
    branches=dict(part=PLAIN_BRANCH),
)


@pytest.mark.real_size
@torch.no_grad()
def test_network_and_loss() -> None:
    parity = Parity('ieee')
    model = parity.load(CONFIG, KEY_MAPS['authors'], means={r'REM\.\d\.param': 1.0})
    for modality in MODALITIES:
        names = [f'{modality}_{part}' for part in range(1, 7)]
        parity.check(f'logits_{modality}', parity.logits(model, names))
        joined = torch.cat([parity.features[name] for name in names], dim=1)
        parity.check(f'norm_{modality}', F.normalize(joined, dim=1))
    rgb, nir, tir = model.backbone(parity.images)
    interaction, embedding = model.interactions['rgb'], model.embeddings['rgb']
    parity.check('channel_gate_rgb', interaction.weights(interaction.others(nir + tir)).flatten(1)[:, ::16])
    whole, parts = embedding.reduced(rgb, interaction(rgb, nir + tir))
    parity.check('global_rgb', whole.squeeze(3)[:, ::16])
    parity.check('parts_rgb', parts.squeeze(3)[:, ::16])
    parity.check_vehicle(model)
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    parity.check('loss_3m', margin_loss(F.normalize(wavy(3, 8, 16), dim=2), labels, 1.0).view(1))
    parity.finish()
