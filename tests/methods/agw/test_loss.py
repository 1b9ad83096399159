"""The weighted triplet loss and the non-local block of AGW against loops in double precision."""

from __future__ import annotations

import math

import pytest
import torch

from next_mm.methods.agw.loss import weighted_gaps
from next_mm.methods.agw.network import NonLocal

LABELS = torch.tensor([0, 0, 1, 1, 2])
FEATURES = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('stable', [False, True])
def test_weights(stable: bool) -> None:
    far, near = weighted_gaps(FEATURES, LABELS, stable=stable)
    for i in range(5):
        distances = [max(1e-12, float((FEATURES[i] - FEATURES[j]).square().sum())) ** 0.5 for j in range(5)]
        same = [j for j in range(5) if LABELS[j] == LABELS[i]]
        others = [j for j in range(5) if LABELS[j] != LABELS[i]]
        top = max(distances[j] for j in same)
        raised = {j: math.exp(distances[j] - top) for j in same}
        expected = sum(raised[j] * distances[j] for j in same) / (sum(raised.values()) + 1e-6)
        assert float(far[i]) == pytest.approx(expected, rel=1e-5, abs=1e-5)
        raised = {j: math.exp(-distances[j]) for j in others}
        total = sum(raised.values()) + (0 if stable else 1e-6)
        expected = sum(raised[j] * distances[j] for j in others) / total
        assert float(near[i]) == pytest.approx(expected, rel=1e-5)


def test_stable_weights_do_not_vanish_at_a_distance() -> None:
    assert float(weighted_gaps(FEATURES * 100, LABELS, stable=False)[1].max()) < 1e-6
    assert float(weighted_gaps(FEATURES * 100, LABELS, stable=True)[1].min()) > 10


def test_non_local_block_against_the_matrix_of_positions() -> None:
    torch.manual_seed(0)
    block = NonLocal(4).double().eval()
    x = torch.randn(2, 4, 3, 2, dtype=torch.float64)
    assert torch.equal(block(x), x)  # the identity before training
    torch.nn.init.normal_(block.norm.weight)
    theta, phi, g = (layer(x).flatten(1) for layer in (block.theta, block.phi, block.g))
    affinity = theta.unsqueeze(2) * phi.unsqueeze(1) / 6  # (B, N, N)
    y = (affinity @ g.unsqueeze(2)).view(2, 1, 3, 2)
    torch.testing.assert_close(block(x), block.norm(block.expand(y)) + x)
    block(x).sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in block.parameters())
