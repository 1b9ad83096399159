"""Load a triplet's pictures and bring them to one size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmcv.transforms import BaseTransform

from next_mm.datasets.decoding import read_picture, split_panels
from next_mm.errors import ConfigError
from next_mm.registry import TRANSFORMS
from next_mm.triplet import MODALITIES, NUM_MODALITIES
from next_mm.utils.options import check_choice, check_range, check_size

INTERPOLATIONS = ('bicubic', 'bilinear')
"""What pictures can be resized with, always with antialias."""


@TRANSFORMS.register_module()
class LoadTriplet(BaseTransform):
    """Read the pictures of a triplet from three files or, side by side, from one.

    Adds ``imgs``: three (H, W, 3) uint8 RGB arrays in the order of the modalities, ``None`` for one that is absent.

    Args:
        levels: for pictures of more than 8 bits a channel, the values of each modality that become black and white,
            such as ``dict(tir=(7000, 9500))``; a file with three pictures takes those of its first one. Without them
            such a picture is an error, and pictures of 8 bits stay as they are.

    Raises:
        PictureError: a file is missing, empty, damaged, or not three pictures wide; the text names it.
        ConfigError: ``levels`` is no such dictionary.
    """

    def __init__(self, *, levels: Mapping[str, Sequence[float]] | None = None) -> None:
        self.levels = dict(levels or {})
        for modality, values in self.levels.items():
            check_choice('LoadTriplet.levels', modality, MODALITIES)
            check_range(f'LoadTriplet.levels.{modality}', values, float('-inf'))
            if values[0] == values[1]:
                raise ConfigError(f'LoadTriplet.levels.{modality}={values!r}: expected two numbers, the smaller first')

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        results['imgs'] = self.read(results['img_paths'], side_by_side=results['side_by_side'])
        return results

    def read(self, paths: Sequence[str | None], *, side_by_side: bool) -> list[np.ndarray | None]:
        """Read the pictures of a triplet, ``None`` for a path that is ``None``; see :class:`LoadTriplet`."""
        levels = self.levels_of(side_by_side=side_by_side)
        if not side_by_side:
            return [read_picture(path, levels=pair) if path else None for path, pair in zip(paths, levels)]
        file = next(path for path in paths if path)
        panels = split_panels(read_picture(file, levels=levels[0]), file)
        return [panel if path else None for panel, path in zip(panels, paths)]

    def levels_of(self, *, side_by_side: bool) -> list[Sequence[float] | None]:
        """The levels of the three pictures of a triplet."""
        levels = [self.levels.get(modality) for modality in MODALITIES]
        return levels[:1] * NUM_MODALITIES if side_by_side else levels


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
