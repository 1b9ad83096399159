"""Random changes of a triplet's pictures; by default the three pictures change alike and stay aligned."""

from __future__ import annotations

import re
from abc import abstractmethod
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform

from next_mm.errors import ConfigError
from next_mm.registry import TRANSFORMS
from next_mm.utils.options import check_number

_OTHER_SIDE = {'left': 'right', 'right': 'left', 'Left': 'Right', 'Right': 'Left'}
_SIDE = re.compile(r'\b(?:[Ll]eft|[Rr]ight)\b')


class TripletTransform(BaseTransform):
    """Draw a change once for a triplet, or once for each of its pictures.

    Args:
        shared: one draw for the three pictures; ``False`` draws for each picture by itself (they no longer align).
    """

    def __init__(self, *, shared: bool = True) -> None:
        self.shared = shared

    @abstractmethod
    def draw(self, height: int, width: int) -> Any:
        """Draw the change of a picture of this size in pixels; ``None`` leaves it as it is."""

    @abstractmethod
    def apply(self, image: np.ndarray, change: Any) -> np.ndarray:
        """Apply a drawn change to an (H, W, 3) uint8 picture."""

    def retell(self, caption: str) -> str:
        """The caption of a changed picture."""
        return caption

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        changes: dict[tuple[int, ...], Any] = {}
        images = results['imgs']
        captions = list(results.get('captions') or [])
        for number, image in enumerate(images):
            if image is None:
                continue
            height, width = image.shape[:2]
            key = (height, width) if self.shared else (number,)
            if key not in changes:
                changes[key] = self.draw(height, width)
            if changes[key] is not None:
                images[number] = self.apply(image, changes[key])
                if captions and captions[number]:
                    captions[number] = self.retell(captions[number])
        if captions:
            results['captions'] = captions  # a new list: that of the record stays as it is
        return results


@TRANSFORMS.register_module()
class FlipTriplet(TripletTransform):
    """Mirror left and right, in the picture and in the words "left" and "right" of its caption; comes before the sentences are sampled.

    Args:
        prob: how often.
        shared: see :class:`TripletTransform`.
    """

    def __init__(self, *, prob: float = 0.5, shared: bool = True) -> None:
        super().__init__(shared=shared)
        check_number('FlipTriplet.prob', prob, 0, 1)
        self.prob = prob

    def draw(self, height: int, width: int) -> bool | None:
        return True if np.random.rand() < self.prob else None

    def apply(self, image: np.ndarray, change: bool) -> np.ndarray:
        return cv2.flip(image, 1)

    def retell(self, caption: str) -> str:
        return _SIDE.sub(lambda match: _OTHER_SIDE[match.group()], caption)


@TRANSFORMS.register_module()
class PadCropTriplet(TripletTransform):
    """Pad with black on all sides and cut a picture of the old size from a random place.

    Args:
        padding: width of the border in pixels.
        shared: see :class:`TripletTransform`.
    """

    def __init__(self, *, padding: int, shared: bool = True) -> None:
        super().__init__(shared=shared)
        check_number('PadCropTriplet.padding', padding, 0)
        self.padding = padding

    def draw(self, height: int, width: int) -> tuple[int, int]:
        down, right = np.random.randint(-self.padding, self.padding + 1, size=2).tolist()
        return down, right

    def apply(self, image: np.ndarray, change: tuple[int, int]) -> np.ndarray:
        height, width = image.shape[:2]
        down, right = change
        moved = np.zeros_like(image)
        moved[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = image[
            max(0, -down) : height - max(0, down), max(0, -right) : width - max(0, right)
        ]
        return moved


@TRANSFORMS.register_module()
class EraseTriplet(TripletTransform):
    """Random erasing with noise (Zhong et al., AAAI 2020), as the peers do it: normal noise of mean and deviation 127.5.

    That is unit noise once the preprocessor has normalised with 127.5; grey levels below 0 and above 255 are cut off, for pictures
    travel as bytes. The box is shared like any other change, the noise in it is not.

    Args:
        prob: how often.
        area: least and greatest share of the picture.
        min_aspect: least height / width of the box; the greatest is its inverse.
        shared: see :class:`TripletTransform`.
    """

    _ATTEMPTS = 10

    def __init__(
        self,
        *,
        prob: float = 0.5,
        area: tuple[float, float] = (0.02, 1 / 3),
        min_aspect: float = 0.3,
        shared: bool = True,
    ) -> None:
        super().__init__(shared=shared)
        check_number('EraseTriplet.prob', prob, 0, 1)
        check_number('EraseTriplet.min_aspect', min_aspect, 0, 1, above=True)
        self.prob = prob
        self.area = area
        self.log_aspect = (np.log(min_aspect), -np.log(min_aspect))

    def draw(self, height: int, width: int) -> tuple[slice, slice] | None:
        if np.random.rand() >= self.prob:
            return None
        for _ in range(self._ATTEMPTS):
            area = np.random.uniform(*self.area) * height * width
            aspect = np.exp(np.random.uniform(*self.log_aspect))
            rows, columns = round((area * aspect) ** 0.5), round((area / aspect) ** 0.5)
            if 0 < rows < height and 0 < columns < width:
                top, left = np.random.randint(height - rows + 1), np.random.randint(width - columns + 1)
                return slice(top, top + rows), slice(left, left + columns)
        return None

    def apply(self, image: np.ndarray, change: tuple[slice, slice]) -> np.ndarray:
        box = image[change]
        # Quantiles of the normal distribution looked up by random 16-bit numbers: six times faster than drawing normal numbers.
        numbers = np.frombuffer(np.random.bytes(2 * box.size), np.uint16)
        box[...] = _noise_levels()[numbers].reshape(box.shape)
        return image


@lru_cache(maxsize=1)
def _noise_levels() -> np.ndarray:
    """(65536,) uint8 quantiles of N(127.5, 127.5), cut to grey levels."""
    quantiles = (torch.arange(65536, dtype=torch.float64) + 0.5) / 65536
    return (127.5 + 127.5 * torch.special.ndtri(quantiles)).round().clamp(0, 255).to(torch.uint8).numpy()


@TRANSFORMS.register_module()
class DropModalities(BaseTransform):
    """Modality dropout in training: take modalities away at random, never all of them.

    Goes before the text transforms, so that an absent modality brings no caption either.

    Args:
        prob: how often each modality is taken away.
    """

    def __init__(self, *, prob: float) -> None:
        if not 0 <= prob < 1:
            raise ConfigError(f'DropModalities: prob should lie in [0, 1), got {prob}')
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        there = [number for number, image in enumerate(results['imgs']) if image is not None]
        dropped = [number for number in there if np.random.rand() < self.prob]
        if len(dropped) == len(there):
            dropped.remove(there[np.random.randint(len(there))])
        for number in dropped:
            results['imgs'][number] = None
        return results
