"""Thresholds on the score of a pair, at a chosen rate of false matches, with what they cost and how sure they are.

A pair is genuine (one identity, two cameras) or an impostor (two identities). A false match is an impostor pair at or
above the threshold; a false non-match is a genuine pair below it (ISO/IEC 19795-1). Pairs of one identity share
pictures and are no independent draws, so intervals come from resampling identities.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from next_mm.errors import DataError

__all__ = ['Calibration', 'Interval', 'Pairs', 'calibrate', 'false_match_threshold']

MIN_FALSE_MATCHES = 3
"""Impostor pairs that a rate must let pass, for the data to support it."""
MIN_GENUINE = 20


@dataclass(frozen=True)
class Pairs:
    """Scored pairs.

    Attributes:
        scores: (P,) similarity.
        first: (P,) identity code of one side.
        second: (P,) of the other.
        camera_pairs: (P,) code of the two cameras, -1 where one is unknown.
    """

    scores: np.ndarray
    first: np.ndarray
    second: np.ndarray
    camera_pairs: np.ndarray

    @property
    def genuine(self) -> np.ndarray:
        """(P,) bool, whether both sides are one identity."""
        return self.first == self.second


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """Thresholds for one kind of comparison.

    Attributes:
        same: at or above this score two pictures are of one identity, but for the false-match rate.
        different: below this score they are of two, but for the false-non-match rate.
        false_match_rate: the rate that was asked for.
        false_non_match_rate: share of genuine pairs below ``same``.
        genuine: number of genuine pairs.
        impostors: number of impostor pairs.
        cameras: for each pair of cameras its numbers of pairs and its rates at ``same``, ``None`` without pairs.
    """

    same: Interval
    different: float
    false_match_rate: float
    false_non_match_rate: Interval
    genuine: int
    impostors: int
    cameras: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    def hardest_cameras(self, most: int) -> list[tuple[str, float]]:
        """Return the camera pairs that miss the largest share of their genuine pairs, of those with enough pairs."""
        rates = [
            (name, rate)
            for name, row in self.cameras.items()
            if (row['genuine'] or 0) >= MIN_GENUINE and (rate := row['false_non_match_rate']) is not None
        ]
        return sorted(rates, key=lambda pair: -pair[1])[:most]

    def thresholds(self) -> dict[str, float]:
        """Return what :meth:`Gallery.set_thresholds` takes."""
        return {'same': self.same.value, 'different': min(self.different, self.same.value)}


def false_match_threshold(impostors: np.ndarray, rate: float) -> float:
    """Return the least threshold at which at most the share ``rate`` of the impostor scores matches.

    Args:
        impostors: (P,) scores of impostor pairs.
        rate: in (0, 1).
    """
    ordered = np.sort(impostors)[::-1]
    allowed = int(np.floor(rate * len(ordered)))
    return float(np.nextafter(ordered[allowed], np.inf, dtype=ordered.dtype)) if allowed < len(ordered) else -1.0


def least_rate(impostors: int) -> float | None:
    """Return the least false-match rate, of one digit, that a number of impostor pairs supports, if any."""
    if impostors <= MIN_FALSE_MATCHES:
        return None
    rate = MIN_FALSE_MATCHES / impostors
    digit = 10.0 ** math.floor(math.log10(rate))
    rounded = float(f'{math.ceil(rate / digit - 1e-9) * digit:.1g}')
    return rounded if rounded < 1 else None


def calibrate(
    pairs: Pairs,
    *,
    false_match_rate: float,
    false_non_match_rate: float = 0.01,
    camera_names: Sequence[str] = (),
    resamples: int = 200,
    seed: int = 0,
) -> Calibration:
    """Find the thresholds of one kind of comparison.

    Args:
        pairs: the scored pairs.
        false_match_rate: share of impostor pairs that may match, in (0, 1).
        false_non_match_rate: share of genuine pairs that may lie below ``different``.
        camera_names: names by code of :attr:`Pairs.camera_pairs`.
        resamples: bootstrap samples of identities.
        seed: of the bootstrap.

    Raises:
        DataError: the pairs cannot support the rate.
    """
    genuine, impostors = pairs.scores[pairs.genuine], pairs.scores[~pairs.genuine]
    if not 0 < false_match_rate < 1 or not 0 < false_non_match_rate < 1:
        raise DataError(f'expected rates between 0 and 1, got {false_match_rate} and {false_non_match_rate}')
    if len(impostors) * false_match_rate < MIN_FALSE_MATCHES * (1 - 1e-9):
        least = least_rate(len(impostors))
        advice = 'too few for any rate' if least is None else f'ask for {least:g} or more'
        raise DataError(
            f'a false-match rate of {false_match_rate:g} needs at least {MIN_FALSE_MATCHES / false_match_rate:,.0f} '
            f'impostor pairs, there are {len(impostors):,}; {advice}'
        )
    if len(genuine) < MIN_GENUINE:
        raise DataError(
            f'expected at least {MIN_GENUINE} genuine pairs (one identity, two cameras), got {len(genuine)}'
        )
    same = false_match_threshold(impostors, false_match_rate)
    thresholds, misses = _bootstrap(pairs, false_match_rate, resamples, seed)
    return Calibration(
        Interval(same, *_interval(thresholds)),
        float(np.quantile(genuine, false_non_match_rate)),
        false_match_rate,
        Interval(float((genuine < same).mean()), *_interval(misses)),
        len(genuine),
        len(impostors),
        _by_cameras(pairs, same, camera_names),
    )


def _interval(values: np.ndarray) -> tuple[float, float]:
    return float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))


def _bootstrap(pairs: Pairs, rate: float, resamples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Threshold and false-non-match rate of samples of identities; a pair counts as often as both its
    identities were drawn."""
    rng = np.random.default_rng(seed)
    count = int(max(pairs.first.max(), pairs.second.max())) + 1
    order = np.argsort(-pairs.scores, kind='stable')
    scores, genuine = pairs.scores[order], pairs.genuine[order]
    first, second = pairs.first[order], pairs.second[order]
    thresholds, misses = np.zeros(resamples), np.zeros(resamples)
    for sample in range(resamples):
        drawn = np.bincount(rng.integers(0, count, count), minlength=count)
        weight = np.where(genuine, drawn[first], drawn[first] * drawn[second]).astype(np.float64)
        wrong = np.cumsum(np.where(genuine, 0, weight))
        right = np.cumsum(np.where(genuine, weight, 0))
        place = int(np.searchsorted(wrong, rate * wrong[-1], side='right'))  # the first pair that is one too many
        thresholds[sample] = scores[min(place, len(scores) - 1)]
        above = right[place - 1] if place else 0.0
        misses[sample] = 1 - above / right[-1] if right[-1] else 1.0
    return thresholds, misses


def _by_cameras(pairs: Pairs, same: float, names: Sequence[str]) -> dict[str, dict[str, float | None]]:
    table: dict[str, dict[str, float | None]] = {}
    for code in np.unique(pairs.camera_pairs[pairs.camera_pairs >= 0]):
        chosen = pairs.camera_pairs == code
        genuine, impostors = pairs.scores[chosen & pairs.genuine], pairs.scores[chosen & ~pairs.genuine]
        name = names[code] if code < len(names) else str(code)
        table[name] = {
            'genuine': len(genuine),
            'impostors': len(impostors),
            'false_non_match_rate': float((genuine < same).mean()) if len(genuine) else None,
            'false_match_rate': float((impostors >= same).mean()) if len(impostors) else None,
        }
    return table
