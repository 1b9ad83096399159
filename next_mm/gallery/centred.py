"""Centred features of a gallery: the sample that they are fitted to, and the rows in memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from next_mm.errors import DataError
from next_mm.gallery.base import Gallery
from next_mm.gallery.index import Rows
from next_mm.retrieval.centring import Centring, fit_centring
from next_mm.retrieval.feature_set import FeatureSet
from next_mm.triplet import NUM_MODALITIES

__all__ = ['centre_rows', 'fit_gallery']

SAMPLE = 20_000
"""Entries that are looked at, at most."""


def fit_gallery(gallery: Gallery, dim: int | None, *, version: int, again: bool) -> Centring:
    """Fit mean and directions to every k-th entry of a gallery.

    Args:
        gallery: the gallery.
        dim: see :meth:`Gallery.fit_transform`.
        version: of the centring that it has, 0 for none.
        again: see :meth:`Gallery.fit_transform`.

    Raises:
        DataError: see :meth:`Gallery.fit_transform`.
    """
    if version and not again:
        raise DataError(f'the gallery is centred already (version {version}); again=True (--again) fits anew')
    step = max(-(-gallery.count() // SAMPLE), 1)
    chosen: list[FeatureSet] = []
    seen = 0
    for entries, features in gallery.iterate():
        chosen.append(features.select(range(-seen % step, len(entries), step)))
        seen += len(entries)
    return fit_centring(FeatureSet.join(gallery.space, chosen), dim=dim, version=version + 1)


def centre_rows(rows: Rows, centring: Centring) -> Rows:
    """Return the rows with centred features."""
    parts = (rows.parts[:, None] >> np.arange(NUM_MODALITIES) & 1).astype(bool)
    features, text_free = centring.apply_rows(rows.features, rows.text_free, parts, rows.captioned)
    return replace(rows, features=features, text_free=text_free)
