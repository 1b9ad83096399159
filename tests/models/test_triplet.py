"""The triplet loss against a loop and against pytorch-metric-learning."""

import math

import pytest
import torch
from pytorch_metric_learning import distances, losses, miners, reducers

from next_mm.models.losses.triplet import TripletLoss, batch_hard_triplet


def slow_loss(features: torch.Tensor, labels: list[int], margin: float | None) -> float:
    terms = []
    for a, anchor in enumerate(features):
        positives = [float((anchor - f).norm()) for i, f in enumerate(features) if labels[i] == labels[a] and i != a]
        negatives = [float((anchor - f).norm()) for i, f in enumerate(features) if labels[i] != labels[a]]
        if positives and negatives:
            gap = max(positives) - min(negatives)
            terms.append(math.log1p(math.exp(gap)) if margin is None else max(gap + margin, 0.0))
    return sum(terms) / len(terms) if terms else 0.0


@pytest.mark.parametrize('margin', [None, 0.3, 0.0])
@pytest.mark.parametrize('labels', [[0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 1, 2], [3, 1, 3, 3, 1, 1]])
def test_equals_a_slow_loop(margin: float | None, labels: list[int]) -> None:
    features = torch.randn(6, 8, dtype=torch.float64)
    actual = batch_hard_triplet(features, torch.tensor(labels), margin)
    assert float(actual) == pytest.approx(slow_loss(features, labels, margin), rel=1e-8)


def test_equals_pytorch_metric_learning() -> None:
    features, labels = torch.randn(12, 8, dtype=torch.float64), torch.arange(4).repeat_interleave(3)
    distance = distances.LpDistance(normalize_embeddings=False)
    miner = miners.BatchHardMiner(distance=distance)
    loss = losses.TripletMarginLoss(margin=0.3, distance=distance, reducer=reducers.MeanReducer())
    torch.testing.assert_close(
        batch_hard_triplet(features, labels, 0.3), loss(features, labels, miner(features, labels))
    )


@pytest.mark.parametrize('labels', [[0, 0, 0], [0, 1, 2]])
def test_a_batch_without_triplets_gives_zero_and_finite_gradients(labels: list[int]) -> None:
    features = torch.randn(3, 4, requires_grad=True)
    loss = batch_hard_triplet(features, torch.tensor(labels), None)
    loss.backward()
    assert loss == 0 and features.grad.abs().max() == 0


def test_equal_features_give_finite_gradients() -> None:
    features = torch.ones(4, 3, requires_grad=True)
    batch_hard_triplet(features, torch.tensor([0, 0, 1, 1]), 0.3).backward()
    assert features.grad.isfinite().all()


def test_order_of_the_batch_does_not_matter() -> None:
    features, labels, order = torch.randn(8, 4, dtype=torch.float64), torch.arange(4).repeat(2), torch.randperm(8)
    torch.testing.assert_close(
        batch_hard_triplet(features, labels, None), batch_hard_triplet(features[order], labels[order], None)
    )


def test_weight_scales_the_loss() -> None:
    features, labels = torch.randn(4, 4), torch.tensor([0, 0, 1, 1])
    torch.testing.assert_close(TripletLoss(weight=0.5)(features, labels) * 2, TripletLoss()(features, labels))
