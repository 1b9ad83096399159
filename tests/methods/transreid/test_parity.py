"""TransReID at the authors' real size against the outputs of their program, and its parameters against their counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from next_mm.methods.transreid import TransReID
from next_mm.methods.transreid.network import shuffle_patches
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from tests.methods.filling import FIXTURES, constant, fill_state, read_keys, read_outputs, waves
from tests.methods.parity import (
    SIDE_VIT_B16,
    assert_close,
    build_on_meta,
    count_theirs,
    fixture_model,
)

FEATURES = ('whole', 'local1', 'local2', 'local3', 'local4')


def config(num_locals: int = 4, stride: int = 16, test: str = 'before') -> dict[str, Any]:
    names = FEATURES[: 1 + num_locals]
    branches = {
        name: dict(
            losses=dict(id=dict(type='CrossEntropy', weight=weight), triplet=dict(type='TripletLoss', weight=weight)),
            test=test,
            test_weight=2 * weight if name != 'whole' else 1.0,
        )
        for name, weight in zip(names, (0.5, *[0.125] * 4))
    }
    backbone = dict(SIDE_VIT_B16, num_cameras=4, first_camera=0, stride=stride)
    return dict(
        type='TransReID',
        num_classes=171,
        networks='shared',
        network=dict(type='TransReIDNetwork', backbone=backbone, num_locals=num_locals),
        branches=branches,
        test_features=names,
    )


@pytest.fixture(scope='module')
def outputs() -> dict[str, Tensor]:
    return read_outputs(FIXTURES / 'transreid' / 'outputs.npz')


@torch.no_grad()
def modality_features(model: TransReID) -> Tensor:
    """Test features (3, 2, F) of rgb, nir and tir."""
    feature = model.feature(waves(2, 256, 128), TripletBatch(cameras=torch.arange(2)))
    return feature.unflatten(1, (3, -1)).transpose(0, 1)


@torch.no_grad()
@pytest.mark.real_size
def test_features_slices_scores_and_loss(outputs: dict[str, Tensor]) -> None:
    model = fixture_model('transreid', config(), on_meta=True, matrices=constant)
    found = {f'feature_{name}': feature for name, feature in zip(MODALITIES, modality_features(model))}
    tower = model.networks['shared'].backbone
    for m, name in enumerate(MODALITIES):
        found[f'tokens_{name}'] = tower(waves(2, 256, 128)[:, m], torch.arange(2))[:, :3, :64]
    images, batch = waves(4, 256, 128), TripletBatch(labels=torch.tensor([0, 0, 1, 1]), cameras=torch.arange(4))
    features, losses = model.extract(images, batch), model.loss(images, batch)
    views = model.identity_views(features, batch)
    found |= {
        'train_features': torch.stack([features[f'rgb_{name}'] for name in FEATURES]),
        'train_scores': torch.stack([views[f'rgb_{name}']['logits'] for name in FEATURES]),
        'train_loss': sum(value for key, value in losses.items() if key.startswith('rgb') and 'loss' in key),
    }
    for branch in model.branches.values():
        branch.test = 'after'
    found['feature_rgb_after_bn'] = modality_features(model)[0]
    assert_close('transreid', found, outputs)


@pytest.mark.real_size
def test_without_a_jigsaw(outputs: dict[str, Tensor]) -> None:
    keys = [
        entry
        for entry in read_keys(FIXTURES / 'transreid' / 'keys.json')
        if not entry[0].startswith(('b1.', 'b2.', 'bottleneck_', 'classifier_'))
    ]
    model = load(config(num_locals=0, test='after'), keys, 'shared-plain')
    assert_close('transreid', {'baseline_feature_rgb': modality_features(model)[0]}, outputs)


@pytest.mark.real_size
def test_overlapping_patches(outputs: dict[str, Tensor]) -> None:
    keys = [
        (key, (1, 211, 768) if key == 'base.pos_embed' else shape, dtype)
        for key, shape, dtype in read_keys(FIXTURES / 'transreid' / 'keys.json')
    ]
    model = load(config(stride=12, test='after'), keys, 'shared')
    assert_close('transreid', {'stride12_feature_rgb': modality_features(model)[0]}, outputs)


def load(cfg: dict[str, Any], keys: list, variant: str) -> TransReID:
    """A model of another size than the fixture's keys."""
    from next_mm.methods.transreid.convert import KEY_MAPS

    model = build_on_meta(cfg)
    model.load_state_dict(KEY_MAPS[variant].to_ours(fill_state(keys, matrices=constant)).state, assign=True)
    return model.eval()


@pytest.mark.parametrize('patches', [128, 210])
def test_the_jigsaws_order_is_the_authors(patches: int, outputs: dict[str, Tensor]) -> None:
    order = shuffle_patches(torch.arange(1, patches + 1).view(1, -1, 1), shift=5).flatten()
    assert torch.equal(order, outputs[f'jpm_order_{patches}'].long())


@pytest.mark.parametrize(
    ('options', 'unused', 'expected'),
    [
        (dict(), 7_089_408, 101_361_640),
        (dict(stride=12), 7_089_408, 101_424_616),
        (dict(num_locals=0), 0, 86_651_368),
    ],
)
def test_parameters_are_the_authors_but_for_what_they_never_use(options: dict, unused: int, expected: int) -> None:
    model = build_on_meta(config(**options))
    classifier = 769_000  # of ImageNet
    assert sum(parameter.numel() for parameter in model.parameters()) + unused + classifier == expected


def test_three_networks_are_three_times_the_authors() -> None:
    model = build_on_meta(dict(config(), networks='separate'))
    theirs, dropped = count_theirs('transreid')
    assert theirs == 101_361_640
    assert sum(parameter.numel() for parameter in model.parameters()) == 3 * (theirs - dropped)
