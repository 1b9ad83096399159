"""Calibrate a gallery by its own entries of known identity."""

from __future__ import annotations

import numpy as np
import torch

from next_mm.errors import DataError
from next_mm.gallery.base import Gallery
from next_mm.gallery.records import Comparison, Entry
from next_mm.retrieval.calibration import Calibration, Pairs, calibrate
from next_mm.retrieval.feature_set import FeatureSet
from next_mm.retrieval.parts import pattern_index, shared_cosine
from next_mm.triplet import MODALITIES

__all__ = ['calibrate_gallery', 'collect_pairs']

MAX_ENTRIES = 4000
"""Entries that are paired at most: 8 million pairs; of more, a seeded sample of identities is taken."""


def calibrate_gallery(
    gallery: Gallery, *, false_match_rate: float, seed: int = 0, resamples: int = 200
) -> tuple[dict[str, Calibration], dict[str, str]]:
    """Calibrate each kind of comparison that a gallery's entries of known identity support.

    Args:
        gallery: entries with identities, seen by several cameras.
        false_match_rate: share of impostor pairs that may match.
        seed: of samples.
        resamples: bootstrap samples.

    Returns:
        Comparison name to its thresholds, and comparison name to why there are none.

    Raises:
        DataError: no entry has an identity, or no comparison supports the rate.
    """
    groups, cameras = collect_pairs(gallery, seed)
    found: dict[str, Calibration] = {}
    refused: dict[str, str] = {}
    for name, pairs in groups.items():
        try:
            found[name] = calibrate(
                pairs, false_match_rate=false_match_rate, camera_names=cameras, resamples=resamples, seed=seed
            )
        except DataError as error:
            refused[name] = str(error)
    if not found:
        raise DataError(
            'no comparison can be calibrated: ' + '; '.join(f'{name}: {why}' for name, why in refused.items())
        )
    return found, refused


def collect_pairs(gallery: Gallery, seed: int = 0) -> tuple[dict[str, Pairs], list[str]]:
    """Return the scored pairs by what was compared, and the names of the camera pairs.

    Pairs of one identity and one camera are left out: they are often the same moment.

    Raises:
        DataError: fewer than two identities are known.
    """
    entries, features = _known(gallery, seed)
    identities = {name: code for code, name in enumerate(sorted({str(entry.identity) for entry in entries}))}
    if len(identities) < 2:
        raise DataError(f'expected entries of at least two known identities, got {len(identities)}')
    labels = np.array([identities[str(entry.identity)] for entry in entries])
    names = sorted({entry.camera for entry in entries if entry.camera is not None})
    cameras = np.array([names.index(entry.camera) if entry.camera is not None else -1 for entry in entries])
    i, j = np.triu_indices(len(entries), 1)
    keep = (labels[i] != labels[j]) | (cameras[i] != cameras[j]) | (cameras[i] < 0)
    i, j = i[keep], j[keep]
    low, high = np.minimum(cameras[i], cameras[j]), np.maximum(cameras[i], cameras[j])
    pairs = np.where(low < 0, -1, low * len(names) + high)
    pair_names = [f'{a} - {b}' for a in names for b in names]
    scores, text = _scores(features)
    captioned = features.captioned[i] & features.captioned[j]
    patterns = pattern_index(torch.from_numpy(features.parts)).numpy()
    shared = patterns[i] & patterns[j]
    groups = {}
    # A query without captions meets a captioned entry's feature without them: such pairs count there, too.
    for with_text, values in ((False, scores[i, j]), (True, np.where(captioned, text[i, j], np.nan))):
        usable = np.isfinite(values)
        for pattern in np.unique(shared[usable]):
            chosen = usable & (shared == pattern)
            parts = tuple(name for bit, name in enumerate(MODALITIES) if pattern >> bit & 1)
            name = Comparison(parts, with_text).name()
            groups[name] = Pairs(values[chosen], labels[i][chosen], labels[j][chosen], pairs[chosen])
    return groups, pair_names


def _known(gallery: Gallery, seed: int) -> tuple[list[Entry], FeatureSet]:
    """Return entries of known identity with features; of a large gallery those of a sample of identities."""
    ids: dict[str, list[str]] = {}
    for entries, _ in gallery.iterate():
        for entry in entries:
            if entry.identity is not None:
                ids.setdefault(entry.identity, []).append(entry.id)
    order = np.random.default_rng(seed).permutation(sorted(ids))
    chosen: list[str] = []
    for identity in order:
        if len(chosen) + len(ids[identity]) <= MAX_ENTRIES:
            chosen += ids[identity]
    if not chosen:
        raise DataError('expected entries of known identity; add them with identity=...')
    return gallery.get(chosen), gallery.comparable(gallery.features(chosen))


def _scores(features: FeatureSet) -> tuple[np.ndarray, np.ndarray]:
    """Return (N, N) cosines over shared parts, without and with captions."""
    parts, modalities = torch.from_numpy(features.parts), torch.tensor(features.space.modalities)
    plain = torch.from_numpy(features.features if features.text_free is None else features.text_free)
    scores = shared_cosine(plain, parts, plain, parts, modalities).numpy()
    if features.text_free is None:
        return scores, scores
    text = torch.from_numpy(features.features)
    return scores, shared_cosine(text, parts, text, parts, modalities).numpy()
