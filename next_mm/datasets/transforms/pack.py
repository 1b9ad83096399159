"""Pack a triplet into what the data loader collates, and collate it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.registry import FUNCTIONS

from next_mm.errors import ConfigError, DataError
from next_mm.registry import TRANSFORMS
from next_mm.structures import ReIDDataSample
from next_mm.triplet import NUM_MODALITIES

_META = ('sample_idx', 'name', 'img_paths', 'identity', 'camera', 'scene', 'is_query', 'is_gallery', 'captions')


@TRANSFORMS.register_module()
class PackTriplet(BaseTransform):
    """Pack the pictures into one tensor and all else into a data sample.

    Returns ``inputs`` ((3, 3, H, W) uint8: modality, RGB channel, rows, columns; zeros for an absent modality) and
    ``data_samples`` (:class:`ReIDDataSample`). Small arrays stay NumPy: each tensor would cross from the worker in a
    shared-memory file of its own.

    Raises:
        DataError: the pictures differ in size, or there is none.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        images = results['imgs']
        sizes = {image.shape[:2] for image in images if image is not None}
        if len(sizes) != 1:
            differ = f'differ in size (h x w): {sorted(sizes)}; add ResizeTriplet to the pipeline'
            raise DataError(f'{results["name"]}: the pictures of the triplet {differ if sizes else "are all absent"}')
        inputs = np.zeros((NUM_MODALITIES, 3, *sizes.pop()), np.uint8)
        for planes, image in zip(inputs, images):
            if image is not None:
                # Writes the planes in place, eight times faster than a transpose.
                cv2.split(image, [planes[0], planes[1], planes[2]])
        sample = ReIDDataSample(metainfo={key: results[key] for key in _META if key in results})
        sample.label = results['label']
        sample.present = np.array([image is not None for image in images])
        if 'tokens' in results:
            sample.tokens = results['tokens']
            sample.lengths = results['lengths']
            sample.has_text = results['has_text'] & sample.present
        if 'extras' in results:
            sample.extras = results['extras']
        return {'inputs': torch.from_numpy(inputs), 'data_samples': sample}


@FUNCTIONS.register_module()
def collate_triplets(batch: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Stack the pictures where they were loaded, so that one tensor crosses from a worker
    instead of one for each triplet.

    Args:
        batch: packed triplets.

    Returns:
        ``inputs`` (B, 3, 3, H, W) uint8 and ``data_samples``, a list of B.
    """
    shapes = {tuple(triplet['inputs'].shape[-2:]) for triplet in batch}
    if len(shapes) != 1:
        raise ConfigError(
            f'the triplets of a batch differ in size (h x w): {sorted(shapes)}; add ResizeTriplet to the pipeline'
        )
    return {
        'inputs': torch.stack([triplet['inputs'] for triplet in batch]),
        'data_samples': [triplet['data_samples'] for triplet in batch],
    }
