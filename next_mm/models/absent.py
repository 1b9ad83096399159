"""Absent modalities as pictures of zeros."""

from __future__ import annotations

from torch import Tensor

__all__ = ['blank_absent']


def blank_absent(images: Tensor, present: Tensor | None) -> Tensor:
    """Return the pictures (B, 3, 3, H, W) with zeros for absent modalities.

    Args:
        images: normalised pictures, modality before channel.
        present: (B, 3) bool, or ``None`` where every modality is there.
    """
    if present is None:
        return images
    return images.masked_fill(~present[:, :, None, None, None], 0.0)
