"""ICPL's contrasts between pictures, identity prototypes and identity texts."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ['contrast_prototypes', 'contrast_texts', 'mean_by_identity', 'update_prototypes']


def contrast_prototypes(features: Tensor, prototypes: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Cross entropy of pictures over all identities' prototypes, I2P.

    Args:
        features: (B, W).
        prototypes: (C, W) of unit length.
        labels: (B,).
        temperature: divides the cosines.
    """
    return F.cross_entropy(F.normalize(features) @ prototypes.t() / temperature, labels)


def contrast_texts(prototypes: Tensor, texts: Tensor) -> Tensor:
    """Cross entropies between prototypes and texts (U, D) of the same identities, both ways, P2T + T2P."""
    target = torch.arange(len(texts), device=texts.device)
    scores = prototypes @ texts.t()
    return F.cross_entropy(scores, target) + F.cross_entropy(scores.t(), target)


@torch.no_grad()
def update_prototypes(prototypes: Tensor, features: Tensor, labels: Tensor, momentum: float) -> Tensor:
    """Move the prototypes to the features, sample by sample, and return them.

    Args:
        prototypes: (C, W) of unit length.
        features: (B, W).
        labels: (B,).
        momentum: share of a prototype that stays at each sample.
    """
    prototypes, features = prototypes.clone(), F.normalize(features.detach())
    same = labels.unsqueeze(0) == labels.unsqueeze(1)
    turns = same.tril(-1).sum(dim=1)  # how many samples of its identity come before
    for turn in range(int(turns.max()) + 1):  # samples of different identities do not meet
        rows = turns == turn
        moved = momentum * prototypes[labels[rows]] + (1 - momentum) * features[rows]
        prototypes[labels[rows]] = F.normalize(moved)
    return prototypes


def mean_by_identity(sums: Tensor, counts: Tensor) -> Tensor:
    """Unit means (..., C, W) from sums over each identity's pictures and their numbers (..., C); zero without any."""
    return F.normalize(sums / counts.clamp(min=1).unsqueeze(-1), dim=-1)
