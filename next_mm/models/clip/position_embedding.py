"""Position embeddings of a picture's patches, moved from one grid of patches to another."""

from __future__ import annotations

import math
from typing import Literal, get_args

from timm.layers import resample_abs_pos_embed
from torch import Tensor

from next_mm.errors import ConfigError

PositionFilter = Literal['bicubic', 'bilinear']
"""How a position embedding goes to another grid: bicubic with antialiasing is open_clip's way, bilinear without it that
of TransReID and its successors."""

POSITION_FILTERS: tuple[PositionFilter, ...] = get_args(PositionFilter)


def resize_position_embedding(
    embedding: Tensor, source: tuple[int, int], target: tuple[int, int], position_filter: PositionFilter = 'bicubic'
) -> Tensor:
    """Interpolate a position embedding to another grid; the class token's row stays as it is.

    Args:
        embedding: (1 + h * w, D), the class token first, then the patches row by row.
        source: its grid (h, w).
        target: the new grid (h', w').
        position_filter: see :data:`PositionFilter`.

    Returns:
        (1 + h' * w', D), in full precision where it was interpolated.
    """
    if source == target:
        return embedding
    resized = resample_abs_pos_embed(
        embedding.float().unsqueeze(0),  # OpenAI's archives are in half precision, and the result is not rounded to it
        new_size=list(target),
        old_size=list(source),
        interpolation=position_filter,
        antialias=position_filter == 'bicubic',
    )
    return resized[0]


def find_grid(patches: int, **likely: tuple[int, int]) -> tuple[int, int]:
    """Say on what grid the patches of a weights file lie; the file itself knows only their number.

    Args:
        patches: how many there are.
        likely: what grids it may be, by what they are of; the first with so many patches is taken, else a square.

    Raises:
        ConfigError: the number is that of no such grid and of no square.
    """
    for grid in likely.values():
        if grid[0] * grid[1] == patches:
            return grid
    side = math.isqrt(patches)
    if side * side != patches:
        grids = ', '.join(f'{grid[0]} x {grid[1]} of the {name}' for name, grid in likely.items())
        raise ConfigError(f'its position embedding has {patches} patches: expected {grids}, or a square number')
    return side, side
