"""HTT at the authors' real size against the outputs of their program, and its parameters against their counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from next_mm.structures import TripletBatch
from tests.methods.filling import FIXTURES, constant, read_outputs, waves
from tests.methods.parity import SIDE_VIT_B16, assert_close, build_on_meta, count_theirs, fixture_model

LOSSES = dict(id=dict(type='CrossEntropy'), triplet=dict(type='TripletLoss'))
MODEL: dict[str, Any] = dict(
    type='HTTReID',
    num_classes=171,
    backbone=SIDE_VIT_B16,
    branches=dict(classes=dict(losses=LOSSES, test='after')),
)


@torch.no_grad()
@pytest.mark.real_size
def test_features_scores_losses_and_test_time_training() -> None:
    outputs: dict[str, Tensor] = read_outputs(FIXTURES / 'htt' / 'outputs.npz')
    model = fixture_model('htt', MODEL, on_meta=True, matrices=constant)
    images, batch = waves(4, 256, 128), TripletBatch(labels=torch.tensor([0, 0, 1, 1]))
    features, losses = model.extract(images, batch), model.loss(images, batch)
    views = model.identity_views(features, batch)['classes']
    modality, identity = losses['loss_modality_margin'], losses['loss_identity_margin']
    total = sum(value for key, value in losses.items() if 'loss' in key)
    found = {
        'feature_before_bn': features['classes'][:2],
        'feature_after_bn': model.feature(images[:2], TripletBatch()),
        'train_features': features['classes'].unflatten(1, (3, -1)).transpose(0, 1),
        'train_scores': views['logits'],
        'train_loss': torch.stack(
            [losses['classes.loss_id'], losses['classes.loss_triplet'], 2 * modality, 2 * identity, total]
        ),
    }
    for name, rows in (('ab', [0, 1]), ('aa', [0, 0])):
        logits = model.identity_views({'classes': features['classes'][rows]}, TripletBatch(labels=torch.zeros(2)))
        assert torch.equal(logits['classes']['logits'].argmax(dim=1), outputs[f'ttt_{name}_pseudo'])
        found[f'ttt_{name}_loss'] = sum(model.test_time_loss(images[rows], TripletBatch()).values())
    assert_close('htt', found, outputs)


def test_parameters_are_the_authors_but_for_what_they_never_use() -> None:
    theirs, dropped = count_theirs('htt')
    assert theirs == 86_914_024
    assert sum(parameter.numel() for parameter in build_on_meta(MODEL).parameters()) == theirs - dropped
