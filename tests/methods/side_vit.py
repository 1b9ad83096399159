"""A tiny :class:`SideViT` for toys."""

from __future__ import annotations

from typing import Any

__all__ = ['SIDE_VIT']

SIDE_VIT: dict[str, Any] = dict(
    type='SideViT', image_size=(32, 16), patch_size=8, stride=8, width=16, depth=3, num_heads=2
)
"""Three blocks, width 16, 4 x 2 patches."""
