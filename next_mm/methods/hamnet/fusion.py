"""How HAMNet weighs its modalities: by where each sees the classes (class activation maps)."""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

__all__ = ['Fusion', 'fuse_class_maps', 'heterogeneity']


class Fusion(NamedTuple):
    """Weights of the modalities (B, 3), which add up to 1, and the votes for the classes (B, C)."""

    weights: Tensor
    votes: Tensor


def fuse_class_maps(maps: Tensor, present: Tensor | None = None) -> Fusion:
    """Weigh modalities by their part of the class activations.

    Args:
        maps: (B, 3, C, h, w) class maps before the sigmoid.
        present: (B, 3) bool, or ``None`` where every modality is there; an absent one has no weight.
    """
    scores = maps.sigmoid()
    if present is not None:
        scores = scores * present[:, :, None, None, None]
    sums = scores.sum(dim=(3, 4))  # (B, 3, C)
    joint = scores.amax(dim=1).sum(dim=(2, 3))  # (B, C)
    share = joint / joint.sum(dim=1, keepdim=True).clamp(min=1e-12)  # of a class in what is seen
    part = sums / sums.sum(dim=1, keepdim=True).clamp(min=1e-12)  # of a modality in a class
    weighed = share.unsqueeze(1) * part
    return Fusion(weighed.sum(dim=2), (weighed * sums).sum(dim=1))


def heterogeneity(logits: Tensor) -> Tensor:
    """Return how little the modalities agree: the samples less the inner product of their three logits of length one.

    Args:
        logits: (B, 3, C).

    Returns:
        Scalar, the sum over the samples.
    """
    rgb, nir, tir = F.normalize(logits, dim=2).unbind(dim=1)  # prod() would wait for the GPU in its backward pass
    return len(logits) - (rgb * nir * tir).sum()
