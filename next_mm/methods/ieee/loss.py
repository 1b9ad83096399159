"""The multi-modal margin loss (3M) of IEEE: an identity's modalities keep a distance."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor

__all__ = ['margin_loss']


def margin_loss(features: Tensor, labels: Tensor, margin: float, present: Tensor | None = None) -> Tensor:
    """Sum over identities of the largest gap between the margin and the squared distance of two modalities' centres.

    Args:
        features: (3, B, F) features of length one. (The paper speaks of the distance, the authors' code squares it.)
        labels: (B,) identity labels.
        margin: of the squared distance.
        present: (B, 3) bool, or ``None`` where every modality is there; centres are of the features that are there.

    Returns:
        Scalar.
    """
    members = (labels.unique().unsqueeze(1) == labels).to(features.dtype)  # (I, B)
    weights = members.unsqueeze(0).expand(len(features), -1, -1)
    if present is not None:
        weights = weights * present.t().unsqueeze(1)
    counts = weights.sum(dim=2)  # (3, I)
    centers = weights @ features / counts.clamp(min=1).unsqueeze(2)  # (3, I, F)
    gaps = [
        (margin - (centers[a] - centers[b]).square().sum(dim=1)).abs() * ((counts[a] > 0) & (counts[b] > 0))
        for a, b in combinations(range(len(features)), 2)
    ]
    return torch.stack(gaps).amax(dim=0).sum()
