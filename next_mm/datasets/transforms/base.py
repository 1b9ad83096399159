"""The base of random changes of a triplet's pictures."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

__all__ = ['TripletTransform']


class TripletTransform(BaseTransform):
    """Draw a change once for a triplet, so that its three pictures stay aligned, or once for each of them.

    Args:
        per_modality: draw for each picture by itself; the pictures no longer align.
    """

    def __init__(self, *, per_modality: bool = False) -> None:
        self.per_modality = per_modality

    @abstractmethod
    def draw(self, height: int, width: int) -> Any:
        """Draw the change of a picture of this size in pixels; ``None`` leaves it as it is."""

    @abstractmethod
    def apply(self, image: np.ndarray, change: Any) -> np.ndarray:
        """Apply a drawn change to an (H, W, 3) uint8 picture."""

    def update_caption(self, caption: str) -> str:
        """Return the caption of a changed picture."""
        return caption

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        changes: dict[tuple[int, ...], Any] = {}
        images = results['imgs']
        captions = list(results.get('captions') or [])
        for number, image in enumerate(images):
            if image is None:
                continue
            height, width = image.shape[:2]
            key = (number,) if self.per_modality else (height, width)
            if key not in changes:
                changes[key] = self.draw(height, width)
            if changes[key] is not None:
                images[number] = self.apply(image, changes[key])
                if captions and captions[number]:
                    captions[number] = self.update_caption(captions[number])
        if captions:
            results['captions'] = captions  # a new list: that of the record stays as it is
        return results
