"""A bounded cache of decoded and resized pictures that all workers of a loader share."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from multiprocessing.context import get_spawning_popen
from multiprocessing.reduction import DupFd
from typing import Any

import numpy as np
from mmengine.logging import print_log

from next_mm.datasets.transforms import LoadTriplet, ResizeTriplet
from next_mm.errors import ConfigError
from next_mm.triplet import NUM_MODALITIES

_HEADER = (
    8  # bytes before a slot's pictures: the first says that it is filled, the next three which modalities are there
)
_GIB = 2**30
_NO_FILE = -1


class CachedPictures:
    """Load and resize a triplet the first time, copy it from memory ever after.

    One slot for each triplet from the start of the list, as many as fit; there is nothing to evict, so nothing to lock:
    two workers that fill a slot at once write the same bytes. The file has no name (it goes with the last process that
    has it open) and lies in ``/dev/shm`` if that has the room, else in the folder for temporary files, where the system
    keeps it in memory while it can.

    Args:
        load: the loading transforms; they must not be random.
        size: (height, width) of the pictures that they give.
        length: triplets in the dataset.
        max_gib: bound of the file, in GiB.
    """

    def __init__(
        self, load: Sequence[Callable[[dict], dict]], *, size: tuple[int, int], length: int, max_gib: float
    ) -> None:
        self._load = list(load)
        self._shape = (NUM_MODALITIES, *size, 3)
        self._slot = _HEADER + int(np.prod(self._shape))
        self.capacity = min(length, int(max_gib * _GIB) // self._slot)
        self._file = _open_unnamed(self.capacity * self._slot)
        if self.capacity < length:
            print_log(
                f'cache_gib={max_gib:g} holds {self.capacity} of {length} triplets; all of them take '
                f'{length * self._slot / _GIB:.2f} GiB',
                logger='current',
            )

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        slot = results['sample_idx']
        cached = self._file != _NO_FILE and slot < self.capacity
        if cached and self._read(slot, results):
            return results
        for transform in self._load:
            results = transform(results)
        if cached:
            self._write(slot, results['imgs'])
        return results

    def _read(self, slot: int, results: dict[str, Any]) -> bool:
        header = bytearray(_HEADER)
        images: np.ndarray = np.empty(self._shape, np.uint8)
        os.preadv(self._file, [header, images.data], slot * self._slot)
        if not header[0]:
            return False
        results['imgs'] = [image if there else None for image, there in zip(images, header[1 : 1 + NUM_MODALITIES])]
        return True

    def _write(self, slot: int, images: list[np.ndarray | None]) -> None:
        """Write the pictures, then the header: a reader that finds the header finds the pictures."""
        start = slot * self._slot
        try:
            for number, image in enumerate(images):
                if image is not None:
                    os.pwrite(self._file, np.ascontiguousarray(image).data, start + _HEADER + number * image.size)
            os.pwrite(self._file, bytes([1, *(image is not None for image in images)]), start)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.capacity = 0
            print_log(
                f'The cache of pictures stops here: {error.strerror}. Lower cache_gib.',
                logger='current',
                level=logging.WARNING,
            )

    def __getstate__(self) -> dict[str, Any]:
        """Hand the file to a spawned worker; any other copy goes without it."""
        state = self.__dict__.copy()
        spawning = get_spawning_popen() is not None
        state['_file'] = DupFd(self._file) if spawning and self._file != _NO_FILE else None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        duplicate = state.pop('_file')
        self.__dict__.update(state, _file=_NO_FILE if duplicate is None else duplicate.detach())

    def __repr__(self) -> str:
        return f'CachedPictures({self._load}, capacity={self.capacity})'


def cache_pictures(transforms: Sequence[Callable], length: int, max_gib: float) -> list[Callable]:
    """Put a cache in the place of the transforms that load and resize.

    Args:
        transforms: a pipeline that begins with ``LoadTriplet`` and ``ResizeTriplet``.
        length: triplets in the dataset.
        max_gib: bound of the cache, in GiB.

    Raises:
        ConfigError: the pipeline begins with anything else.
    """
    first, second = [*transforms, None, None][:2]
    if not isinstance(first, LoadTriplet) or not isinstance(second, ResizeTriplet):
        names = [type(transform).__name__ for transform in transforms]
        raise ConfigError(
            f'cache_gib={max_gib:g} needs a pipeline that begins with LoadTriplet and ResizeTriplet, got {names}'
        )
    return [CachedPictures([first, second], size=second.size, length=length, max_gib=max_gib), *transforms[2:]]


def _open_unnamed(size: int) -> int:
    """Open a file without a name for ``size`` bytes, in memory if it fits there."""
    shared = '/dev/shm'
    folder = shared if os.path.isdir(shared) and shutil.disk_usage(shared).free > size else tempfile.gettempdir()
    descriptor, name = tempfile.mkstemp(prefix='next_mm_pictures_', dir=folder)
    os.unlink(name)
    os.truncate(descriptor, size)
    return descriptor
