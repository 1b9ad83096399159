"""Flag the triplets whose pictures a light flares into."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from next_mm.registry import TRANSFORMS
from next_mm.triplet import MODALITIES

__all__ = ['FlagFlare', 'has_flare']

_BINS, _BRIGHTEST_BINS = 100, 2
_LEAST_SHARE = 0.095
_FLARING = [MODALITIES.index(modality) for modality in ('rgb', 'nir')]


@TRANSFORMS.register_module()
class FlagFlare(BaseTransform):
    """Say whether both the RGB and the NIR picture are flooded with light (Zheng et al., FACENet); goes
    right behind ``LoadTriplet``.

    Adds the extra field ``flare`` of a sample, 1.0 with flare, else 0.0; a triplet that lacks one of
    the two pictures has none.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        images = [results['imgs'][number] for number in _FLARING]
        flare = all(image is not None and has_flare(image) for image in images)
        results['extras'] = {**results.get('extras', {}), 'flare': float(flare)}
        return results


def has_flare(image: np.ndarray) -> bool:
    """Whether at least 9.5 % of a picture's values lie in the highest 2 % of its own range of values.

    The rule is that of a histogram with 100 bins between the least and the greatest value of the picture, all channels
    together; a picture of one value has no flare.

    Args:
        image: (H, W, 3) uint8.
    """
    low, high = int(image.min()), int(image.max())
    bright = low + math.ceil(
        (_BINS - _BRIGHTEST_BINS) * (high - low) / _BINS
    )  # the least grey level of the highest bins
    return high > low and bool((image >= bright).mean() >= _LEAST_SHARE)
