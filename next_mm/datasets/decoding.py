"""Read the pictures of a triplet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from next_mm.triplet import NUM_MODALITIES
from next_mm.utils.pictures import PictureError, read_picture

__all__ = ['PictureError', 'read_picture', 'split_panels']


def split_panels(image: np.ndarray, path: str | Path) -> list[np.ndarray]:
    """Cut a picture that holds the three from left to right.

    Args:
        image: (H, 3 W, 3) uint8.
        path: its file, for messages.

    Returns:
        Three (H, W, 3) uint8 arrays.

    Raises:
        PictureError: the width is no multiple of three.
    """
    height, width = image.shape[:2]
    if width % NUM_MODALITIES:
        raise PictureError(
            f'{path}: {width} x {height} (w x h) does not hold three pictures side by side: '
            f'expected a width that is a multiple of {NUM_MODALITIES}'
        )
    return list(np.split(image, NUM_MODALITIES, axis=1))
