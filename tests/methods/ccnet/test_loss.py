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
    """Centres and samples are means of what is there; a pair of centres of which one has nothing is left out."""
    present = torch.ones(7, 3, dtype=torch.bool)
    present[0, 1] = present[5, 2] = present[6, 2] = False  # no sample of identity 2 has a TIR picture
    spoilt = FEATURES.clone()
    spoilt[1, 0] = spoilt[2, 5] = spoilt[2, 6] = 1e6
    gaps, total = [], 0.0
    for identity in range(3):
        rows = [row for row in range(7) if LABELS[row] == identity]
        seen = [[FEATURES[m, row] for row in rows if present[row, m]] for m in range(3)]
        centers = [torch.stack(found).mean(dim=0) if found else None for found in seen]
        gaps += [float((a - b).square().sum()) for a, b in combinations(centers, 2) if a is not None and b is not None]
        samples = [torch.stack([FEATURES[m, row] for m in range(3) if present[row, m]]).mean(dim=0) for row in rows]
        pairs = [float((a - b).square().sum()) for a, b in combinations(samples, 2)]
        total += sum(pairs) / len(pairs)
    assert len(gaps) == 7
    torch.testing.assert_close(modality_spread(spoilt, LABELS, present).item(), sum(gaps) / 7)
    torch.testing.assert_close(sample_spread(spoilt, LABELS, present).item(), total / 3)
