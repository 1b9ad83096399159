"""Caption features on disk: safetensors files, each with the features of one text tower (no pickle,
nothing is executed)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from next_mm.errors import DataError
from next_mm.utils.files import remove_leftovers, staged

SUFFIX = '.captions.safetensors'
FORMAT = 'next_mm caption features 1'


def write_features(folder: Path, tower: str, keys: Sequence[bytes], features: Tensor) -> Path:
    """Write features to a new file of a folder; a kill leaves no half file behind, and writers
    do not disturb each other.

    Args:
        folder: made when it is not there.
        tower: the text tower's digest.
        keys: int32 token ids of each caption, as bytes.
        features: (C, D), in the order of the keys.
    """
    lengths = torch.tensor([len(key) // 4 for key in keys], dtype=torch.int32)
    tokens = torch.from_numpy(np.frombuffer(b''.join(keys), dtype=np.int32).copy())
    tensors = {'features': features.detach().cpu().float().contiguous(), 'lengths': lengths, 'tokens': tokens}
    remove_leftovers(folder)
    path = folder / f'{tower[:16]}-{secrets.token_hex(4)}{SUFFIX}'
    with staged(path) as part:
        save_file(tensors, part, metadata={'format': FORMAT, 'tower': tower})
    return path


def list_files(path: Path) -> list[Path]:
    """The feature files a path stands for: itself, or those of the folder."""
    return sorted(path.glob(f'*{SUFFIX}')) if path.is_dir() else [path]


def read_tower(path: Path) -> str:
    """Return the digest of the text tower that a file's features are from, without reading them.

    Raises:
        DataError: not such a file, or a damaged one.
    """
    try:
        with safe_open(path, 'pt') as file:
            metadata = file.metadata() or {}
    except (SafetensorError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f'{path}: not a file of caption features, or damaged: {error}') from error
    if metadata.get('format') != FORMAT or 'tower' not in metadata:
        raise DataError(
            f'{path}: expected a file of caption features ({FORMAT!r}), got {metadata.get("format")!r}; '
            'tools/cache_text.py makes them'
        )
    return metadata['tower']


def read_features(path: Path) -> tuple[list[bytes], Tensor]:
    """Read a file's captions (int32 token ids as bytes) and their features (C, D).

    Raises:
        DataError: not such a file, or a damaged one.
    """
    read_tower(path)
    with safe_open(path, 'pt') as file:
        features, lengths, tokens = (file.get_tensor(name) for name in ('features', 'lengths', 'tokens'))
    ends = lengths.cumsum(0).tolist()
    if len(features) != len(lengths) or (ends[-1] if ends else 0) != len(tokens):
        raise DataError(f'{path}: damaged: {len(features)} features, {len(lengths)} captions, {len(tokens)} tokens')
    flat = tokens.numpy()
    return [flat[end - length : end].tobytes() for end, length in zip(ends, lengths.tolist())], features
