"""Pictures on a canvas."""

from __future__ import annotations

import numpy as np
from PIL import Image

__all__ = ['paste_fitted']


def paste_fitted(canvas: Image.Image, picture: np.ndarray, corner: tuple[int, int], cell: tuple[int, int]) -> None:
    """Fit a picture into the middle of a cell without stretching it.

    Args:
        canvas: is drawn on.
        picture: (H, W, 3) uint8 RGB.
        corner: upper left corner of the cell, (x, y) in pixels.
        cell: its width and height.
    """
    height, width = picture.shape[:2]
    scale = min(cell[0] / width, cell[1] / height)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    place = (corner[0] + (cell[0] - size[0]) // 2, corner[1] + (cell[1] - size[1]) // 2)
    canvas.paste(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC), place)
