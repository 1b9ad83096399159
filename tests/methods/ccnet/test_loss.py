"""The center loss of CCNet against loops in double precision."""

from __future__ import annotations

from itertools import combinations

import torch

from next_mm.methods.ccnet.loss import modality_spread, sample_spread

LABELS = torch.tensor([1, 0, 1, 0, 1, 2, 2])
FEATURES = torch.randn(3, 7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_modalities() -> None:
    total = 0.0
    for identity in range(3):
        centers = [FEATURES[m][identity == LABELS].mean(dim=0) for m in range(3)]
        total += sum(float((a - b).square().sum()) for a, b in combinations(centers, 2)) / 3
    torch.testing.assert_close(modality_spread(FEATURES, LABELS).item(), total / 3)


def test_samples() -> None:
    total = 0.0
    for identity in range(3):
        samples = FEATURES.mean(dim=0)[identity == LABELS]
        gaps = [float((a - b).square().sum()) for a, b in combinations(samples, 2)]
        total += sum(gaps) / len(gaps)
    torch.testing.assert_close(sample_spread(FEATURES, LABELS).item(), total / 3)


def test_absent_modalities_do_not_count() -> None:
    present = torch.ones(7, 3, dtype=torch.bool)
    present[0, 1] = present[5, 2] = present[6, 2] = False
    spoilt = FEATURES.clone()
    spoilt[1, 0] = spoilt[2, 5] = 1e6
    for loss in (modality_spread, sample_spread):
        assert torch.equal(loss(spoilt * 1.0, LABELS, present), loss(spoilt, LABELS, present))
        zeroed = spoilt.clone()
        zeroed[1, 0] = zeroed[2, 5] = 0.0
        torch.testing.assert_close(loss(spoilt, LABELS, present), loss(zeroed, LABELS, present), rtol=1e-6, atol=1e-6)
