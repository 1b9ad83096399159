"""A gallery as a plain loop over Python lists: what every store must equal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace

SPACE = FeatureSpace('toy', 'd' * 64, (0,) * 4 + (1,) * 4 + (2,) * 4 + (-1,) * 2)


def make_features(
    count: int, seed: int, *, prefix: str = 'e', incomplete: bool = False, captions: bool = False
) -> FeatureSet:
    """Random features of the toy space."""
    rng = np.random.default_rng(seed)
    parts = np.ones((count, 3), bool)
    if incomplete:
        parts = rng.random((count, 3)) < 0.6
        parts[~parts.any(axis=1), 0] = True
    has_text = parts & (rng.random((count, 1)) < 0.5) if captions else np.zeros((count, 3), bool)
    plain = rng.normal(size=(count, SPACE.dim)).astype(np.float32)
    text = rng.normal(size=(count, SPACE.dim)).astype(np.float32)
    captioned = has_text.any(axis=1)
    features = np.where(captioned[:, None], text, plain)
    ids = [f'{prefix}{seed}-{row}' for row in range(count)]
    return FeatureSet(SPACE, ids, features, parts, has_text, plain if captioned.any() else None).checked()


def naive_score(query: FeatureSet, q: int, gallery: FeatureSet, g: int) -> float:
    """Cosine over shared parts in double precision, by loops; minus infinity without shared parts."""
    text = bool(query.captioned[q] and gallery.captioned[g])
    a = (query.features if text or query.text_free is None else query.text_free)[q]
    b = (gallery.features if text or gallery.text_free is None else gallery.text_free)[g]
    dot = aa = bb = 0.0
    for d, modality in enumerate(SPACE.modalities):
        if modality < 0 or (query.parts[q, modality] and gallery.parts[g, modality]):
            dot += float(a[d]) * float(b[d])
            aa += float(a[d]) ** 2
            bb += float(b[d]) ** 2
    return dot / math.sqrt(aa * bb) if aa and bb else -math.inf


class NaiveGallery:
    """Lists and loops."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def has(self, name: str) -> bool:
        """Whether an id is there."""
        return any(entry['id'] == name for entry in self.entries)

    def add(self, features: FeatureSet, rows: Sequence[int], **values: Any) -> None:
        """Append some rows; replaced entries go to the end."""
        for row in rows:
            name = features.ids[row]
            self.entries = [entry for entry in self.entries if entry['id'] != name]
            self.entries.append({'id': name, 'set': features, 'row': row, **{k: v[row] for k, v in values.items()}})

    def passes(self, entry: dict[str, Any], filters: dict[str, Any]) -> bool:
        """Whether an entry passes all filters."""
        for name, value in filters.items():
            if name == 'not_camera':
                if entry['camera'] == value:
                    return False
            elif name == 'after':
                if entry['time'] is None or entry['time'] < value:
                    return False
            elif name == 'before':
                if entry['time'] is None or entry['time'] >= value:
                    return False
            elif entry[name] != value:
                return False
        return True

    def search(self, query: FeatureSet, q: int, top: int, **filters: Any) -> list[tuple[str, float]]:
        """Rank by score, then by the order of adding."""
        scored = [
            (entry['id'], naive_score(query, q, entry['set'], entry['row']))
            for entry in self.entries
            if self.passes(entry, filters)
        ]
        scored = [pair for pair in scored if pair[1] > -math.inf]
        return sorted(scored, key=lambda pair: -pair[1])[:top]

    def delete(self, **filters: Any) -> int:
        """Delete what passes."""
        before = len(self.entries)
        self.entries = [entry for entry in self.entries if not self.passes(entry, filters)]
        return before - len(self.entries)
