"""PFD at the authors' real size against the outputs of their program, and its parameters against their counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.methods.pfd.matching import align_parts, match_views
from next_mm.methods.pfd.pose import build_hrnet
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.methods.filling import FIXTURES, constant, on_device, read_outputs, waves
from tests.methods.parity import SIDE_VIT_B16, assert_close, build_on_meta, count_theirs, fixture_model

FIRST = ('whole', *(f'part{j}' for j in range(1, 18)))
SECOND = ('view', *(f'view{j}' for j in range(1, 18)))


@MODELS.register_module()
class FormulaPose(nn.Module):
    """The heat maps with which the authors' program was run, by the place of a picture in its batch."""

    def forward(self, images: Tensor) -> Tensor:
        """A bump for each joint, of another height, and a ripple."""
        b, j, y, x = np.meshgrid(*(np.arange(n, dtype=np.float64) for n in (len(images), 17, 64, 32)), indexing='ij')
        bump = np.exp(-((y - (7 * j + 11 * b) % 64) ** 2 + (x - (5 * j + 3 * b) % 32) ** 2) / 18)
        maps = (0.12 + 0.05 * ((j + b) % 17)) * bump + 0.01 * np.sin(0.3 * y + 0.7 * x + j)
        return on_device(maps.astype(np.float32))


def branch(name: str) -> dict[str, Any]:
    whole = name in ('whole', 'view')
    weight = 0.25 if whole else 0.25 / 17
    losses = dict(
        id=dict(type='CrossEntropy', label_smoothing=0.1, weight=weight),
        triplet=dict(type='TripletLoss', weight=weight, on='normed' if whole else 'feature'),
    )
    return dict(losses=losses, test='before' if name in SECOND[1:] else 'after', test_weight=1 if whole else 1 / 17)


MODEL: dict[str, Any] = dict(
    type='PFDReID',
    num_classes=171,
    networks='shared',
    modalities=['rgb'],
    pose=dict(type='FormulaPose'),
    push=False,
    network=dict(type='PFDNetwork', backbone=dict(SIDE_VIT_B16, num_cameras=4, first_camera=0)),
    branches={name: branch(name) for name in FIRST + SECOND},
    test_features=FIRST + SECOND,
)
WIDE = (
    r'query_embed',
    r'pose_decoder_linear\.weight',
    r'transformerdecoder\.layers\.\d\.multihead_attn\.in_proj_weight',
)


@torch.no_grad()
@pytest.mark.real_size
def test_feature_slices_scores_and_losses() -> None:
    outputs = read_outputs(FIXTURES / 'pfd' / 'outputs.npz')
    model = fixture_model(
        'pfd',
        MODEL,
        on_meta=True,
        matrices=constant,
        amplitudes=dict.fromkeys(WIDE, 1.0),
        tied=lambda key: key.replace('decoder_norm', 'transformerdecoder.norm'),
    )
    images, batch = waves(4, 256, 128), TripletBatch(labels=torch.tensor([0, 0, 1, 1]), cameras=torch.arange(4))
    network, maps = model.networks['shared'], model.pose(images[:2]).flatten(2)
    tokens = network.backbone(images[:2, 0], torch.arange(2))
    joints = network.pose_embedding(maps)
    aligned = align_parts(network.encode_parts(tokens), joints)
    views = network.decoder(tokens * F.adaptive_avg_pool1d(maps.mean(dim=1, keepdim=True), 768))
    matched, index = match_views(aligned, views)
    assert torch.equal(index, outputs['pvm_index'])
    losses = model.loss(images, batch)
    seen = model.identity_views(model.extract(images, batch), batch)
    sums = [
        2 * sum(losses[f'rgb_{name}.loss_{loss}'] for name in names for loss in ('id', 'triplet'))
        for names in (FIRST, SECOND)
    ]
    push = losses['rgb.loss_push']
    found = {
        'feature': model.feature(images[:2], TripletBatch(cameras=torch.arange(2))),
        'heatmap_max': maps.amax(dim=2),
        'pose_embedding': joints[..., :16],
        'pfa': aligned[..., :16],
        'decoder_out': views[..., :16],
        'pvm': matched[..., :16],
        'train_encoder_scores': torch.stack([seen[f'rgb_{name}']['logits'][:, :32] for name in FIRST]),
        'train_decoder_scores': torch.stack([seen[f'rgb_{name}']['logits'][:, :32] for name in SECOND]),
        'train_loss': torch.stack([*sums, push, sum(sums) / 2 + push]),
    }
    assert_close('pfd', found, outputs)


@pytest.mark.parametrize(('depth', 'expected'), [(2, 123_745_768), (6, 155_257_320)])
def test_parameters_are_the_authors_but_for_what_they_never_use(depth: int, expected: int) -> None:
    theirs, dropped = count_theirs('pfd')
    theirs -= 2 * 768  # the decoder's norm goes by two keys
    assert theirs == 123_745_768
    model = build_on_meta(dict(MODEL, network=dict(MODEL['network'], decoder_depth=depth)))
    assert sum(parameter.numel() for parameter in model.parameters()) == expected - dropped


def test_the_pose_networks_parameters_are_its_authors() -> None:
    with torch.device('meta'):
        assert sum(parameter.numel() for parameter in build_hrnet().parameters()) == 63_595_745
