"""The cross-directional center loss of CCNet: over modalities and over samples of an identity."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ['modality_spread', 'sample_spread']

_PAIRS = ((0, 1), (0, 2), (1, 2))


def modality_spread(features: Tensor, labels: Tensor, present: Tensor | None = None) -> Tensor:
    """Squared distances of an identity's modality centres, averaged over pairs of modalities and over identities.

    Args:
        features: (3, B, F) features of the modalities.
        labels: (B,) identity labels, in any order.
        present: (B, 3) bool, or ``None`` where every modality is there; centres are of the features that are there.

    Returns:
        Scalar.
    """
    weights = _members(labels, features).unsqueeze(0).expand(3, -1, -1)  # (3, I, B)
    if present is not None:
        weights = weights * present.t().unsqueeze(1)
    counts = weights.sum(dim=2)  # (3, I)
    centers = weights @ features / counts.clamp(min=1).unsqueeze(2)  # (3, I, F)
    gaps = torch.stack([(centers[a] - centers[b]).square().sum(dim=1) for a, b in _PAIRS])  # (pairs, I)
    known = torch.stack([(counts[a] > 0) & (counts[b] > 0) for a, b in _PAIRS])
    return (gaps * known).sum() / known.sum().clamp(min=1)


def sample_spread(features: Tensor, labels: Tensor, present: Tensor | None = None) -> Tensor:
    """Squared distances of an identity's samples, averaged over pairs of samples and over identities.

    A sample is the mean of its modalities. The pairs of K samples are summed up through their mean: over all pairs the
    squared distances are K times those to the mean.

    Args:
        features: (3, B, F) features of the modalities.
        labels: (B,) identity labels, in any order.
        present: (B, 3) bool, or ``None`` where every modality is there.

    Returns:
        Scalar.
    """
    if present is None:
        samples = features.mean(dim=0)
    else:
        there = present.t().unsqueeze(2)
        samples = (features * there).sum(dim=0) / there.sum(dim=0).clamp(min=1)
    members = _members(labels, features)  # (I, B)
    counts = members.sum(dim=1)
    centers = members @ samples / counts.unsqueeze(1)
    to_center = (samples - members.t() @ centers).square().sum(dim=1)  # (B,)
    return (members @ to_center * 2 / (counts - 1).clamp(min=1)).mean()


def _members(labels: Tensor, features: Tensor) -> Tensor:
    """Return (I, B) ones where a sample is of an identity of the batch."""
    return (labels.unique().unsqueeze(1) == labels).to(features.dtype)
