"""A text encoder that only looks up: caption features made ahead, no text tower."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from open_clip import SimpleTokenizer
from torch import Tensor

from next_mm.errors import DataError
from next_mm.models.text.base import TextEncoder
from next_mm.models.text.embedding_file import list_files, read_features, read_tower
from next_mm.models.text.text_tower import to_device
from next_mm.registry import MODELS


@MODELS.register_module()
class CachedText(TextEncoder):
    """Caption features from files alone, as ``tools/cache_text.py`` or the cache of :class:`CLIPText` writes them.

    Checkpoints of models with :class:`CLIPText` load in models with this encoder, and the other way round.

    Args:
        path: a file of caption features, or a folder of them, all from one text tower.

    Raises:
        FileNotFoundError: nothing there.
        DataError: a damaged file, or files of several text towers.
    """

    def __init__(self, *, path: str) -> None:
        super().__init__()
        files = list_files(Path(path))
        if not files or not files[0].is_file():
            raise FileNotFoundError(
                f'CachedText.path={path!r}: no caption features there; make them with tools/cache_text.py'
            )
        towers = {read_tower(file): file for file in files}
        if len(towers) > 1:
            raise DataError(
                f'CachedText.path={path!r}: the files are of several text towers: '
                f'{", ".join(str(file) for file in towers.values())}; name one, or keep towers in folders of their own'
            )
        self.path = path
        self.digest = next(iter(towers))
        keys: list[bytes] = []
        features: list[Tensor] = []
        for file in files:
            captions, part = read_features(file)
            keys += captions
            features.append(part)
        self._slots = {key: slot for slot, key in enumerate(keys)}
        self._table = torch.cat(features)
        self.out_dim: int = self._table.shape[1]

    def lengths(self, tokens: np.ndarray) -> np.ndarray:
        """Captions end at their highest id, CLIP's end-of-text."""
        return tokens.argmax(axis=1) + 1

    def encode(self, captions: list[bytes]) -> Tensor:
        """See :meth:`TextEncoder.encode`.

        Raises:
            DataError: a caption without features.
        """
        missing = [caption for caption in captions if caption not in self._slots]
        if missing:
            raise DataError(
                f'{self.path}: no features of {len(missing)} of {len(captions)} captions, first: '
                f'{_text(missing[0])!r}. '
                'Make them with tools/cache_text.py (with --train for training), or use CLIPText'
            )
        if self._table.device != self._anchor.device:
            self._table = self._table.to(self._anchor.device)
        index = torch.tensor([self._slots[caption] for caption in captions], dtype=torch.int64)
        return self._table[to_device(index, self._table.device)]


def _text(caption: bytes) -> str:
    """The words of a caption's tokens, for an error."""
    ids = np.frombuffer(caption, dtype=np.int32)[1:-1]
    return SimpleTokenizer().decode([int(token) for token in ids]).strip()
