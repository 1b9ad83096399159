"""Spatial-frequency token selection (SFTS): the patches that the class tokens attend to, and the brightest ones."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from next_mm.models.layers import mark_highest

__all__ = ['bright_counts', 'class_rollout', 'select_tokens']


def select_tokens(maps: Sequence[Tensor], counts: Tensor, *, head_keep: int, frequency_keep: int) -> Tensor:
    """Mark the patches that are kept, the same for the modalities: what any head of any
    modality keeps, and the brightest.

    Args:
        maps: attention (B * 3, H, 1 + N, 1 + N) of each block of the tower, modalities beside each other.
        counts: (B, N) bright pixels of each patch, see :func:`bright_counts`.
        head_keep: patches that each head keeps.
        frequency_keep: patches that are kept for their brightness.

    Returns:
        (B, N) bool.
    """
    attended = mark_highest(class_rollout(maps), head_keep).any(dim=1)  # (B * 3, N)
    return attended.unflatten(0, (counts.shape[0], -1)).any(dim=1) | mark_highest(counts, frequency_keep)


def class_rollout(maps: Sequence[Tensor]) -> Tensor:
    """Return the patches' columns (B, H, N) of the class token's row of ``A_L ... A_2 A_1``, head by head.

    There is no residual and no mean over the heads. A row times a matrix is all that it takes.

    Args:
        maps: attention (B, H, 1 + N, 1 + N) of each block, first block first.
    """
    row = maps[-1][:, :, :1]
    for attention in reversed(maps[:-1]):
        row = row @ attention
    return row[:, :, 0, 1:]


def bright_counts(images: Tensor, patch_size: int, stride: int) -> Tensor:
    """Count in each patch the pixels of the mean picture that are brighter than mid-grey.

    The authors select by frequency: a 4-level Haar transform of each picture, the mean of the modalities' coefficients,
    the inverse transform. As the transform is linear and inverts exactly, what comes out is the mean picture, and this
    is what is computed.

    Args:
        images: (B, 3, 3, H, W) normalised pictures, zero is mid-grey.
        patch_size: side of a patch in pixels.
        stride: step from patch to patch in pixels.

    Returns:
        (B, N) whole numbers as float32, patches row by row.
    """
    bright = (images.mean(dim=(1, 2)) > 0).float().unsqueeze(1)  # (B, 1, H, W)
    return (F.avg_pool2d(bright, patch_size, stride) * patch_size**2).round().flatten(1)
