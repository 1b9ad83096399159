"""Random changes of a triplet's pictures; by default the three change alike and stay aligned."""

from __future__ import annotations

import re
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from next_mm.datasets.transforms.base import TripletTransform
from next_mm.registry import TRANSFORMS
from next_mm.utils.options import check_integer, check_number

_OTHER_SIDE = {'left': 'right', 'right': 'left', 'Left': 'Right', 'Right': 'Left'}
_SIDE = re.compile(r'\b(?:[Ll]eft|[Rr]ight)\b')


@TRANSFORMS.register_module()
class FlipTriplet(TripletTransform):
    """Mirror left and right, in the picture and in the words "left" and "right" of its caption; comes before
    the sentences are sampled.

    Args:
        prob: how often.
        per_modality: see :class:`TripletTransform`.
    """

    def __init__(self, *, prob: float = 0.5, per_modality: bool = False) -> None:
        super().__init__(per_modality=per_modality)
        check_number('FlipTriplet.prob', prob, 0, 1)
        self.prob = prob

    def draw(self, height: int, width: int) -> bool | None:
        return True if np.random.rand() < self.prob else None

    def apply(self, image: np.ndarray, change: bool) -> np.ndarray:
        return cv2.flip(image, 1)

    def update_caption(self, caption: str) -> str:
        return _SIDE.sub(lambda match: _OTHER_SIDE[match.group()], caption)


@TRANSFORMS.register_module()
class PadCropTriplet(TripletTransform):
    """Pad with black on all sides and cut a picture of the old size from a random place.

    Args:
        padding: width of the border in pixels.
        per_modality: see :class:`TripletTransform`.
    """

    def __init__(self, *, padding: int, per_modality: bool = False) -> None:
        super().__init__(per_modality=per_modality)
        check_integer('PadCropTriplet.padding', padding, 0)
        self.padding = padding

    def draw(self, height: int, width: int) -> tuple[int, int]:
        down, right = np.random.randint(-self.padding, self.padding + 1, size=2).tolist()
        return down, right

    def apply(self, image: np.ndarray, change: tuple[int, int]) -> np.ndarray:
        height, width = image.shape[:2]
        down, right = change
        rows, columns = max(0, height - abs(down)), max(0, width - abs(right))
        top, left = max(0, -down), max(0, -right)
        moved = np.zeros_like(image)
        moved[max(0, down) :, max(0, right) :][:rows, :columns] = image[top : top + rows, left : left + columns]
        return moved


@TRANSFORMS.register_module()
class DropModalities(BaseTransform):
    """Modality dropout in training: take modalities away at random, never all of them.

    Goes before the text transforms, so that an absent modality brings no caption either.

    Args:
        prob: how often each modality is taken away; with 0 the transform draws nothing.
    """

    def __init__(self, *, prob: float) -> None:
        check_number('DropModalities.prob', prob, 0, 1, below=True)
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        if not self.prob:
            return results
        there = [number for number, image in enumerate(results['imgs']) if image is not None]
        dropped = [number for number in there if np.random.rand() < self.prob]
        if len(dropped) == len(there):
            dropped.remove(there[np.random.randint(len(there))])
        for number in dropped:
            results['imgs'][number] = None
        return results
