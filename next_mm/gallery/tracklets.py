"""Pool the crops of a tracklet: the mean of their unit features, modality by modality, renormalised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from next_mm.gallery.records import Entry
from next_mm.retrieval.feature_set import FeatureSet

__all__ = ['pool_tracklet']


def pool_tracklet(name: str, crops: Sequence[Entry], features: FeatureSet) -> tuple[Entry, FeatureSet]:
    """Return the entry and the feature that stand for a tracklet.

    Each part is the mean over the crops that have its modality. With captions on every crop the mean has captions too;
    otherwise captions do not count.

    Args:
        name: the tracklet.
        crops: its entries.
        features: their features, in the same order.
    """
    parts = features.parts.any(axis=0, keepdims=True)
    captioned = bool(features.captioned.all())
    plain = features.features if features.text_free is None else features.text_free
    free = _mean(plain, features)
    mean = _mean(features.features, features) if captioned else free
    cameras, identities = {crop.camera for crop in crops}, {crop.identity for crop in crops}
    times = [crop.time for crop in crops if crop.time is not None]
    pooled = FeatureSet(
        features.space,
        [f'tracklet {name}'],
        mean,
        parts,
        parts & captioned,
        free if captioned else None,
    ).checked()
    entry = Entry(
        id=pooled.ids[0],
        identity=identities.pop() if len(identities) == 1 else None,
        camera=cameras.pop() if len(cameras) == 1 else None,
        time=min(times) if times else None,
        tracklet=name,
        parts=(),
        text=captioned,
        extra={'crops': len(crops)},
    )
    return entry, pooled


def _mean(values: np.ndarray, features: FeatureSet) -> np.ndarray:
    """Mean (1, F) of (N, F), each dimension over the rows that have its modality."""
    several = np.ones((len(values), 1), bool)
    has = np.concatenate([features.parts, several], axis=1)[:, list(features.space.modalities)]
    return (values * has).sum(axis=0, keepdims=True) / np.maximum(has.sum(axis=0, keepdims=True), 1)
