"""How many gallery entries are not farther than a threshold: the one step that touches every distance."""
from __future__ import annotations

import torch
from torch import Tensor


def count_within(distance: Tensor, thresholds: Tensor) -> Tensor:
    """Count in each row the distances that are at most each threshold.

    Args:
        distance: (Q, G) distances, without NaN.
        thresholds: (Q, M); infinity counts everything.

    Returns:
        (Q, M) int64.
    """
    return torch.searchsorted(distance.sort(dim=1).values, thresholds.contiguous(), right=True)
