"""HTT's margins against loops over identities, samples and modalities, in float64."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from next_mm.methods.htt.losses import cross_identity_margin, three_modality_margin

LABELS = torch.tensor([7, 2, 7, 2, 5, 7])  # identities in any order, of unequal numbers


def units() -> Tensor:
    features = torch.randn(6, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return F.normalize(features, dim=2)


@pytest.mark.parametrize('margin', [1.0, 0.2])
def test_three_modality_margin_in_loops(margin: float) -> None:
    features, expected = units(), 0.0
    for identity in (2, 5, 7):
        means = [features[identity == LABELS, modality].mean(dim=0) for modality in range(3)]
        gaps = [float((a - b).square().sum()) for a, b in itertools.combinations(means, 2)]
        expected += max(abs(margin - gap) for gap in gaps)
    torch.testing.assert_close(float(three_modality_margin(features, LABELS, margin)), expected)


@pytest.mark.parametrize('margin', [0.5, 1.0])
def test_cross_identity_margin_in_loops(margin: float) -> None:
    features, losses = units(), []
    for first, second in ((2, 5), (2, 7), (5, 7)):
        gaps = [
            abs(margin - float((features[s, a] - features[t, b]).abs().mean()))
            for s, t in itertools.product(range(6), range(6))
            if LABELS[s] == first and LABELS[t] == second
            for a, b in itertools.product(range(3), range(3))
        ]
        losses.append(max(gaps))
    torch.testing.assert_close(float(cross_identity_margin(features, LABELS, margin)), sum(losses) / len(losses))


def test_the_order_of_the_batch_does_not_matter() -> None:
    features, order = units(), torch.tensor([3, 5, 0, 1, 4, 2])
    for loss, margin in ((three_modality_margin, 1.0), (cross_identity_margin, 0.5)):
        torch.testing.assert_close(loss(features[order], LABELS[order], margin), loss(features, LABELS, margin))


def test_one_identity_has_no_pairs() -> None:
    features = units().requires_grad_(True)
    loss = cross_identity_margin(features, torch.zeros(6), 0.5)
    loss.backward()
    assert loss == 0
    assert not features.grad.any()


def test_gradients_push_the_closest_pair_apart() -> None:
    features = units().requires_grad_(True)
    before = cross_identity_margin(features, LABELS, 0.5)
    before.backward()
    after = cross_identity_margin(features.detach() - 1e-4 * features.grad, LABELS, 0.5)
    assert after < before
