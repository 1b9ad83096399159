"""Feature sets as safetensors files: what extraction writes and a gallery reads."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from next_mm.errors import DataError
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace
from next_mm.utils.files import staged

__all__ = ['read_features', 'write_features']

KIND = 'next_mm.features/1'


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
        **notes,
        'kind': KIND,
        'space': json.dumps(features.space.to_json()),
        'ids': json.dumps(list(features.ids)),
        'sources': json.dumps(list(features.sources)),
    }
    with staged(path) as part:
        save_file(tensors, part, metadata=dict(sorted(header.items())))
        with open(part, 'rb+') as file:
            os.fsync(file.fileno())


def read_features(path: Path) -> tuple[FeatureSet, dict[str, str]]:
    """Read a feature set and the notes of its header.

    Raises:
        DataError: the file is damaged, or holds no features.
    """
    try:
        with safe_open(path, framework='numpy') as file:
            notes = dict(file.metadata() or {})
            if notes.pop('kind', None) != KIND:
                raise DataError(f'{path}: expected a file of features ({KIND})')
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
            space = FeatureSpace.from_json(json.loads(notes.pop('space')))
            ids, sources = json.loads(notes.pop('ids')), json.loads(notes.pop('sources'))
        features = FeatureSet(
            space,
            ids,
            tensors['features'],
            tensors['parts'],
            tensors['has_text'],
            tensors.get('text_free'),
            sources,
        )
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f'{path}: cannot be read as features: {error}') from error
    return features, notes
