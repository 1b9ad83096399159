"""Position embeddings of a picture's patches, moved from one grid of patches to another."""

from __future__ import annotations

import math
from typing import Literal, get_args

from timm.layers import resample_abs_pos_embed
from torch import Tensor

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


def find_grid(patches: int, config: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """Say on what grid the patches of a weights file lie; the file itself knows only their number.

    Args:
        patches: how many there are.
        config: the grid of the model config.
        target: the grid of the pictures: weights that were saved at this size have it.

    Raises:
        ValueError: the number is that of neither grid and of no square.
    """
    for grid in (config, target):
        if grid[0] * grid[1] == patches:
            return grid
    side = math.isqrt(patches)
    if side * side != patches:
        raise ValueError(
            f'its position embedding has {patches} patches: expected the grid of the model config, {config}, '
            f'that of the pictures, {target}, or a square'
        )
    return side, side
