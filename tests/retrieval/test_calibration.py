"""Thresholds by counting pairs one by one, and refusals of rates that data cannot support."""

from __future__ import annotations

import numpy as np
import pytest

from next_mm.errors import DataError
from next_mm.retrieval.calibration import MIN_FALSE_MATCHES, Pairs, calibrate, false_match_threshold, least_rate


def make_pairs(seed: int = 0, identities: int = 30, each: int = 4) -> Pairs:
    """Scores of all pairs of points around one centre an identity, seen by two cameras in turn."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(identities), each)
    points = rng.normal(size=(identities, 8))[labels] + rng.normal(size=(len(labels), 8))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    i, j = np.triu_indices(len(labels), 1)
    cameras = np.arange(len(labels)) % 2
    keep = (labels[i] != labels[j]) | (cameras[i] != cameras[j])
    i, j = i[keep], j[keep]
    return Pairs((points[i] * points[j]).sum(axis=1), labels[i], labels[j], cameras[i] + cameras[j])


def test_the_threshold_lets_as_many_false_matches_pass_as_asked() -> None:
    scores = np.array([0.9, 0.8, 0.8, 0.7, 0.1, 0.0, -0.1, -0.2, -0.3, -0.4])
    assert 0.8 < false_match_threshold(scores, 0.1) <= 0.9  # one of ten
    assert 0.8 < false_match_threshold(scores, 0.2) <= 0.9  # two would be three, as two are equal
    assert 0.7 < false_match_threshold(scores, 0.3) <= 0.8
    assert false_match_threshold(scores, 0.05) > 0.9


def test_rates_are_those_of_a_plain_count() -> None:
    pairs = make_pairs()
    found = calibrate(pairs, false_match_rate=0.01, resamples=50)
    impostors = pairs.scores[~pairs.genuine]
    genuine = pairs.scores[pairs.genuine]
    allowed = int(0.01 * len(impostors))
    assert sum(score >= found.same.value for score in impostors) == allowed
    assert found.false_non_match_rate.value == sum(score < found.same.value for score in genuine) / len(genuine)
    assert found.same.low <= found.same.value <= found.same.high
    assert found.false_non_match_rate.low <= found.false_non_match_rate.value <= found.false_non_match_rate.high
    assert (found.genuine, found.impostors) == (len(genuine), len(impostors))
    assert sum(row['genuine'] for row in found.cameras.values()) == len(genuine)
    pair = found.thresholds()
    assert pair['different'] <= pair['same']


def test_more_identities_narrow_the_interval() -> None:
    few, many = (calibrate(make_pairs(identities=count), false_match_rate=0.05, resamples=100) for count in (12, 60))
    assert many.same.high - many.same.low < few.same.high - few.same.low


def test_what_the_pairs_cannot_support_is_refused() -> None:
    pairs = make_pairs(identities=12)
    with pytest.raises(DataError, match='needs at least 3,000 impostor pairs, there are 1,056; ask for 0.003 or more'):
        calibrate(pairs, false_match_rate=0.001)
    lonely = Pairs(
        *(values[~pairs.genuine] for values in (pairs.scores, pairs.first, pairs.second, pairs.camera_pairs))
    )
    with pytest.raises(DataError, match='at least 20 genuine pairs'):
        calibrate(lonely, false_match_rate=0.1)


def test_the_rate_that_is_advised_is_supported() -> None:
    assert least_rate(1056) == 0.003
    assert least_rate(7000) == 0.0005  # 3 of 7,000 are 0.00043: 0.0004 would be too little
    assert least_rate(3) is None
    for count in range(4, 5000):
        rate = least_rate(count)
        assert rate is None or rate * count >= MIN_FALSE_MATCHES * (1 - 1e-9)
    few = make_pairs(identities=3, each=1)
    with pytest.raises(DataError, match='there are 3; too few for any rate'):
        calibrate(few, false_match_rate=0.5)


def test_the_hardest_cameras_are_those_that_miss_most() -> None:
    pairs = make_pairs(identities=60)
    found = calibrate(pairs, false_match_rate=0.01, resamples=5, camera_names=['a - a', 'a - b', 'b - b'])
    assert [name for name, _ in found.hardest_cameras(5)] == ['a - b']  # the others have impostors alone
    assert found.cameras['a - a']['false_non_match_rate'] is None
