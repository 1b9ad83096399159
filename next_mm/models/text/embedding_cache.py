"""A bounded memory of caption features, kept from step to step and from epoch to epoch, and on disk if asked."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.logging import print_log
from torch import Tensor

from next_mm.errors import ConfigError
from next_mm.models.text.embedding_file import list_files, read_features, read_tower, write_features
from next_mm.models.text.text_tower import to_device


class EmbeddingCache:
    """Features of captions that were encoded before, by their tokens.

    It fills up to ``max_entries`` and then stays as it is: in training, where each epoch asks for all captions in
    another order, that keeps more of what is asked for than replacing the oldest would. The features stay on the device
    that they were computed on, so that a step neither waits for it nor copies to it.

    Args:
        dim: feature width D.
        max_entries: the most captions to keep; one takes 4 D bytes (2 KiB for CLIP ViT-B/16).
        path: folder, made if need be, to read from at the start and to write to after each ``flush_every`` new captions
            and when the process ends; ``None`` keeps nothing on disk. Processes may share it.
        tower: digest of the text tower; features of other towers in the folder are left alone. Needed with ``path``.
        flush_every: captions between two writes; a kill loses at most so many.

    Raises:
        ConfigError: ``max_entries`` is not positive.
        DataError: a file in ``path`` is damaged.
        FileExistsError: ``path`` is a file.
    """

    def __init__(
        self, dim: int, *, max_entries: int, path: str | Path | None = None, tower: str = '', flush_every: int = 4096
    ) -> None:
        if max_entries < 1:
            raise ConfigError(f'max_entries={max_entries}: expected at least 1 (text.cache=None turns the cache off)')
        self.max_entries = max_entries
        self.path = Path(path) if path is not None else None
        self._tower = tower
        self._flush_every = flush_every
        self._slots: dict[bytes, int] = {}
        self._table = torch.empty(0, dim)
        self._unsaved: list[bytes] = []
        if self.path is not None:
            self.path.mkdir(parents=True, exist_ok=True)
            for file in list_files(self.path):
                if read_tower(file) == tower:
                    self.add(*read_features(file))
            self._unsaved = []
            atexit.register(self.flush)

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, key: bytes) -> bool:
        return key in self._slots

    def slots(self, keys: Sequence[bytes]) -> list[int]:
        """Where each caption's features are, -1 where they are not known."""
        return [self._slots.get(key, -1) for key in keys]

    def table(self, device: torch.device) -> Tensor:
        """The features of all slots (at least ``len(self)``, D), on the device."""
        if self._table.device != device:
            self._table = self._table.to(device)
        return self._table

    def add(self, keys: Sequence[bytes], features: Tensor) -> None:
        """Keep the features (C, D) of captions that are not known yet, as far as there is room."""
        places = [place for place, key in enumerate(keys) if key not in self._slots]
        places = places[: self.max_entries - len(self)]
        if not places:
            return
        start, stop = len(self), len(self) + len(places)
        self._grow(stop, features.device)
        rows = to_device(torch.tensor(places), features.device)
        self._table[start:stop] = features[rows]
        new = [keys[place] for place in places]
        self._slots.update(zip(new, range(start, stop)))
        if stop == self.max_entries:
            print_log(
                f'the caption cache is full ({stop} captions): new captions are encoded again each time they come. '
                'Raise model.text.cache.max_entries if memory allows',
                'current',
                logging.WARNING,
            )
        if self.path is not None:
            self._unsaved += new
            if len(self._unsaved) >= self._flush_every:
                self.flush()

    def flush(self) -> None:
        """Write the captions that are not on disk yet; nothing to do without a path."""
        if self.path is None or not self._unsaved:
            return
        index = torch.tensor([self._slots[key] for key in self._unsaved])
        write_features(self.path, self._tower, self._unsaved, self._table.cpu()[index])
        self._unsaved = []

    def _grow(self, needed: int, device: torch.device) -> None:
        """Make room for ``needed`` entries, doubling, and follow the features to their device."""
        old = self.table(device)
        if needed <= len(old):
            return
        size = min(self.max_entries, max(needed, 2 * len(old), 1024))
        table = old.new_empty(size, old.shape[1])
        table[: len(old)] = old
        self._table = table
