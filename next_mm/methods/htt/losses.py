"""HTT's own losses: the three-modality margin (3M) and the cross-identity margin (CIM)."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor

__all__ = ['cross_identity_margin', 'three_modality_margin']


def three_modality_margin(features: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Return the sum over the identities of the greatest ``|margin - |mean_a - mean_b|^2|``
    over the pairs of modalities.

    Args:
        features: (B, M, D) normalised features of each modality; their mean over an identity's samples is compared.
        labels: (B,) identities, in any order.
        margin: squared distance that the modalities' means should have.
    """
    identities, places = labels.unique(return_inverse=True)
    sums = features.new_zeros(len(identities), *features.shape[1:]).index_add(0, places, features)
    means = sums / places.bincount()[:, None, None]  # (P, M, D)
    pairs = combinations(means.unbind(dim=1), 2)
    squared = torch.stack([(first - second).square().sum(dim=1) for first, second in pairs], dim=1)  # (P, pairs)
    return (margin - squared).abs().amax(dim=1).sum()


def cross_identity_margin(features: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Return the mean over the pairs of identities of the greatest ``|margin - d|`` over their samples and modalities.

    ``d`` is the mean over the dimensions of the absolute difference. Between unit vectors it is at most ``2 /
    sqrt(D)``, so the margin is never reached and the loss pushes the closest two apart. A batch of one identity gives
    zero.

    Args:
        features: (B, M, D) normalised features of each modality.
        labels: (B,) identities, in any order.
        margin: distance that samples of two identities should have.
    """
    identities, places = labels.unique(return_inverse=True)
    if len(identities) == 1:
        return features.sum() * 0
    rows = features.flatten(0, 1)
    gaps = (margin - torch.cdist(rows, rows, p=1) / features.shape[2]).abs()
    gaps = gaps.unflatten(0, features.shape[:2]).unflatten(2, features.shape[:2]).amax(dim=(1, 3))  # (B, B)
    pairs = places[:, None] * len(identities) + places
    greatest = gaps.new_zeros(len(identities) ** 2)
    greatest = greatest.scatter_reduce(0, pairs.flatten(), gaps.flatten(), 'amax', include_self=False)
    first, second = torch.triu_indices(len(identities), len(identities), 1, device=gaps.device)
    return greatest.view(len(identities), -1)[first, second].mean()
