"""Feature sets as safetensors files: what extraction writes and a gallery reads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from next_mm.errors import DataError
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace
from next_mm.utils.files import staged

__all__ = ['read_features', 'read_notes', 'write_features']

KIND = 'next_mm.features/1'
HEADER = 'next_mm'


def write_features(path: Path, features: FeatureSet, **notes: str) -> None:
    """Write a feature set whole or not at all; equal sets give equal bytes.

    Args:
        path: the file.
        features: the set; its errors are not written.
        notes: further text for the file's header.
    """
    tensors = {
        'features': np.ascontiguousarray(features.features),
        'parts': np.ascontiguousarray(features.parts),
        'has_text': np.ascontiguousarray(features.has_text),
    }
    if features.text_free is not None:
        tensors['text_free'] = np.ascontiguousarray(features.text_free)
    header = {
        'kind': KIND,
        'space': features.space.to_json(),
        'ids': list(features.ids),
        'sources': list(features.sources),
        'notes': notes,
    }
    with staged(path) as part:
        save_file(
            tensors, part, metadata={HEADER: json.dumps(header, sort_keys=True)}
        )  # one key: safetensors orders several at random
        with open(part, 'rb+') as file:
            os.fsync(file.fileno())


def read_notes(path: Path) -> tuple[FeatureSpace, dict[str, str]]:
    """Read the feature space and the notes of a file's header alone.

    Raises:
        DataError: the file is damaged, or holds no features.
    """
    with _opened(path) as file:
        header = _header(path, file)
        return FeatureSpace.from_json(header['space']), header['notes']


def read_features(path: Path) -> tuple[FeatureSet, dict[str, str]]:
    """Read a feature set and the notes of its header.

    Raises:
        DataError: the file is damaged, or holds no features.
    """
    with _opened(path) as file:
        header = _header(path, file)
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
        features = FeatureSet(
            FeatureSpace.from_json(header['space']),
            header['ids'],
            tensors['features'],
            tensors['parts'],
            tensors['has_text'],
            tensors.get('text_free'),
            header['sources'],
        )
    return features, header['notes']


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework='numpy') as file:
            yield file
    except DataError:
        raise
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise DataError(f'{path}: cannot be read as features: {error}') from error


def _header(path: Path, file: Any) -> dict[str, Any]:
    header = json.loads((file.metadata() or {}).get(HEADER, '{}'))
    if header.get('kind') != KIND:
        raise DataError(f'{path}: expected a file of features ({KIND})')
    return header
