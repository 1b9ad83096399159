"""Single-modality networks on triplets: who encodes what, what learns from what, what an absent modality is."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.models import PerModalityReID
from next_mm.models.losses.triplet import batch_hard_triplet
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch

LABELS = torch.tensor([0, 0, 1, 1])


@MODELS.register_module()
class ToyNetwork(nn.Module):
    """Mean colour to two features and something that is no identity feature."""

    def __init__(self) -> None:
        super().__init__()
        self.widths = {'wide': 6, 'narrow': 4}
        self.image_size = (8, 4)
        self.reads_cameras = True
        self.wide = nn.Linear(3, 6)
        self.narrow = nn.Linear(3, 4)

    def forward(self, images: Tensor, cameras: Tensor) -> dict[str, Tensor]:
        """The camera is added to the colour."""
        colour = images.mean(dim=(2, 3)) + cameras[:, None]
        return {'wide': self.wide(colour), 'narrow': self.narrow(colour), 'map': images[:, 0]}


class ToyReID(PerModalityReID):
    """Nothing of its own."""


def build(**changes: Any) -> ToyReID:
    torch.manual_seed(0)
    options = dict(
        num_classes=3,
        network=dict(type='ToyNetwork'),
        branches=dict(wide=dict(losses=dict(id=dict(type='CrossEntropy'))), narrow=dict(losses={}, test='after')),
        test_features=('wide', 'narrow'),
        data_preprocessor=dict(type='TripletPreprocessor', mean=[0] * 3, std=[1] * 3),
    )
    return ToyReID(**{**options, **changes})


def batch(present: Tensor | None = None) -> tuple[Tensor, TripletBatch]:
    images = torch.randn(4, 3, 3, 8, 4, generator=torch.Generator().manual_seed(1))
    return images, TripletBatch(labels=LABELS, cameras=torch.arange(4), present=present)


def test_separate_networks_with_branches_of_their_own() -> None:
    model, (images, rest) = build(), batch()
    outputs = model.extract(images, rest)
    losses = model.identity_losses(outputs, rest)
    assert [name for name in losses if name.endswith('loss_id')] == [
        'rgb_wide.loss_id',
        'nir_wide.loss_id',
        'tir_wide.loss_id',
    ]
    for index, modality in enumerate(('rgb', 'nir', 'tir')):
        network, branch = model.networks[modality], model.branches[f'{modality}_wide']
        feature = network.wide(images[:, index].mean(dim=(2, 3)) + torch.arange(4)[:, None])
        torch.testing.assert_close(outputs[f'{modality}_wide'], feature)
        expected = nn.functional.cross_entropy(branch.classifier(branch.bnneck(feature)), LABELS)
        torch.testing.assert_close(losses[f'{modality}_wide.loss_id'], expected)
    assert torch.equal(outputs['tir_map'], images[:, 2, 0])


def test_a_shared_network_and_shared_branches() -> None:
    model, (images, rest) = build(networks='shared'), batch()
    assert list(model.networks) == ['shared']
    assert list(model.branches) == ['shared_wide', 'shared_narrow']
    losses = model.loss(images, rest)
    assert {'rgb_wide.loss_id', 'nir_wide.loss_id', 'tir_wide.loss_id'} <= set(losses)
    assert model.eval().feature(images, rest).shape == (4, 30)


def test_the_test_feature_is_the_modalities_side_by_side() -> None:
    model, (images, rest) = build().eval(), batch()
    outputs = model.extract(images, rest)
    expected = torch.cat(
        [
            torch.cat(
                [outputs[f'{name}_wide'], model.branches[f'{name}_narrow'].bnneck(outputs[f'{name}_narrow'])], dim=1
            )
            for name in ('rgb', 'nir', 'tir')
        ],
        dim=1,
    )
    assert torch.equal(model.feature(images, rest), expected)
    assert model.feature_dim == 30
    assert model.feature_modalities().tolist() == [0] * 10 + [1] * 10 + [2] * 10


def test_fused_losses_are_one_over_all_features_and_means_over_logits() -> None:
    losses = dict(id=dict(type='CrossEntropy'), triplet=dict(type='TripletLoss', margin=0.3))
    branches = {name: dict(bnneck=False, losses=losses) for name in ('wide', 'narrow')}
    model, (images, rest) = build(branches=branches, fuse_loss='concat'), batch()
    outputs = model.extract(images, rest)
    names = [f'{modality}_{name}' for modality in ('rgb', 'nir', 'tir') for name in ('wide', 'narrow')]
    found = {name: value for name, value in model.identity_losses(outputs, rest).items() if 'loss_' in name}
    assert found.keys() == {f'{name}.loss_id' for name in names} | {'all.loss_triplet'}
    for name in names:
        expected = nn.functional.cross_entropy(model.branches[name].classifier(outputs[name]), LABELS) / len(names)
        torch.testing.assert_close(found[f'{name}.loss_id'], expected)
    joined = torch.cat([outputs[name] for name in names], dim=1)
    torch.testing.assert_close(found['all.loss_triplet'], batch_hard_triplet(joined, LABELS, 0.3))


def test_a_fused_loss_behind_bnneck_stays_with_its_branch() -> None:
    losses = dict(id=dict(type='CrossEntropy'), triplet=dict(type='TripletLoss', on='normed'))
    model, (images, rest) = build(branches=dict(wide=dict(losses=losses)), fuse_loss='concat'), batch()
    found = model.loss(images, rest)
    assert {'rgb_wide.loss_triplet', 'nir_wide.loss_triplet', 'tir_wide.loss_triplet'} <= found.keys()
    assert not [name for name in found if name.startswith('all.')]


def test_one_modality_alone() -> None:
    model, (images, rest) = build(modalities=['nir']).eval(), batch()
    assert list(model.networks) == ['nir']
    feature = model.feature(images, rest)
    assert feature.shape == (4, 10)
    images[:, [0, 2]] = 9.0
    assert torch.equal(model.feature(images, rest), feature)


def test_an_absent_modality_adds_nothing() -> None:
    present = torch.tensor([[True, True, True], [True, False, True], [False, True, True], [True, True, False]])
    model, (images, rest) = build().eval(), batch(present)
    feature = model.feature(images, rest)
    absent = ~present[:, model.feature_modalities()]
    assert not feature[absent].any()
    assert feature[~absent].all()
    images[~present] = torch.nan
    assert torch.equal(model.feature(images, rest), feature)


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(networks='both'), "model.networks='both': expected one of 'separate', 'shared'"),
        (dict(modalities=['rgb', 'xray']), "model.modalities='xray': expected one of 'rgb', 'nir', 'tir'"),
        (dict(modalities=[]), r'model.modalities=\[\]: expected some of rgb, nir, tir, each once'),
        (dict(modalities=['rgb', 'rgb']), 'each once'),
        (dict(test_features=['wyde']), "model.test_features='wyde': expected one of 'wide', 'narrow'"),
        (dict(fuse_loss='concat', branches=dict(wide=dict(losses=dict(id=dict(weight=2))))), 'with the type of a loss'),
        (dict(branches=dict(wyde={})), "model.branches='wyde': expected one of 'wide', 'narrow'"),
    ],
)
def test_bad_options_are_named(changes: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**changes)
