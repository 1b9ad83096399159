"""Load a triplet's pictures and bring them to one size."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmcv.transforms import BaseTransform

from next_mm.datasets.decoding import PictureError, read_picture
from next_mm.registry import TRANSFORMS
from next_mm.triplet import NUM_MODALITIES
from next_mm.utils.options import check_choice, check_size

INTERPOLATIONS = ('bicubic', 'bilinear')
"""What pictures can be resized with, always with antialias."""


@TRANSFORMS.register_module()
class LoadTriplet(BaseTransform):
    """Read the pictures of a triplet from three files or, side by side, from one.

    Adds ``imgs``: three (H, W, 3) uint8 RGB arrays in the order of the modalities, ``None`` for one that is absent.

    Raises:
        PictureError: a file is missing, empty, damaged, or not three pictures wide; the text names it.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        paths = results['img_paths']
        if results['side_by_side']:
            panels = split_panels(next(path for path in paths if path is not None))
            results['imgs'] = [panel if path is not None else None for panel, path in zip(panels, paths)]
        else:
            results['imgs'] = [read_picture(path) if path is not None else None for path in paths]
        return results


def split_panels(path: str) -> list[np.ndarray]:
    """Read one file that holds the three pictures from left to right.

    Args:
        path: the file, three equal widths wide.

    Returns:
        Three (H, W, 3) uint8 arrays.

    Raises:
        PictureError: the width is no multiple of three.
    """
    image = read_picture(path)
    height, width = image.shape[:2]
    if width % NUM_MODALITIES:
        raise PictureError(
            f'{path}: {width} x {height} (w x h) does not hold three pictures side by side: '
            f'expected a width that is a multiple of {NUM_MODALITIES}'
        )
    return list(np.split(image, NUM_MODALITIES, axis=1))


@TRANSFORMS.register_module()
class ResizeTriplet(BaseTransform):
    """Resize the pictures with antialias, as Pillow does.

    The two are one grey level apart; two where one side of the picture grows and the other shrinks.

    Args:
        size: (height, width) in pixels.
        interpolation: ``'bicubic'`` or ``'bilinear'``.

    Raises:
        ConfigError: ``size`` is no such pair, or there is no such interpolation.
    """

    def __init__(self, *, size: tuple[int, int], interpolation: str = 'bicubic') -> None:
        check_size('ResizeTriplet.size', size)
        check_choice('ResizeTriplet.interpolation', interpolation, INTERPOLATIONS)
        self.size = (size[0], size[1])
        self.interpolation = interpolation

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        images = results['imgs']
        results['imgs'] = [None if image is None else resize(image, self.size, self.interpolation) for image in images]
        return results


def resize(image: np.ndarray, size: tuple[int, int], interpolation: str = 'bicubic') -> np.ndarray:
    """Resize an (H, W, 3) uint8 picture to ``size`` (height, width) with antialias.

    OpenCV's bicubic has no antialias, and Pillow's is seven times slower than torch's, which computes the same.

    Args:
        image: the picture.
        size: (height, width) in pixels.
        interpolation: one of :data:`INTERPOLATIONS`.
    """
    if image.shape[:2] == size:
        return image
    tensor = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None]
    return F.interpolate(tensor, size, mode=interpolation, antialias=True)[0].permute(1, 2, 0).contiguous().numpy()
