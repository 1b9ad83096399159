"""Verdicts of hits: the same identity, different ones, or unsure, by thresholds on the score."""

from __future__ import annotations

import math
from collections.abc import Mapping

from next_mm.errors import DataError
from next_mm.gallery.records import Comparison, Verdict

__all__ = ['check_thresholds', 'decide']

KEYS = {'same', 'different'}


def check_thresholds(thresholds: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return thresholds as plain values.

    Raises:
        DataError: a comparison lacks a threshold, or the one of the same identity lies below the other.
    """
    checked = {}
    for name, pair in thresholds.items():
        if set(pair) != KEYS or not all(
            isinstance(value, (int, float)) and math.isfinite(value) for value in pair.values()
        ):
            raise DataError(f'thresholds of {name!r}: expected finite numbers same and different, got {dict(pair)!r}')
        if pair['same'] < pair['different']:
            raise DataError(
                f'thresholds of {name!r}: expected same >= different, got {pair["same"]:g} and {pair["different"]:g}'
            )
        checked[name] = {key: float(pair[key]) for key in sorted(KEYS)}
    return checked


def decide(thresholds: Mapping[str, Mapping[str, float]], compared: Comparison, score: float) -> Verdict | None:
    """Return the verdict on a score, ``None`` without thresholds for what was compared."""
    pair = thresholds.get(compared.name())
    if pair is None:
        return None
    if score >= pair['same']:
        return 'same'
    return 'different' if score < pair['different'] else 'unsure'
