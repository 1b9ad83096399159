"""Centred features against plain loops in double precision."""

from __future__ import annotations

import json

import numpy as np
import pytest

from next_mm.errors import DataError
from next_mm.retrieval.centring import Centring, fit_centring
from next_mm.retrieval.feature_set import FeatureSet
from tests.gallery.naive import SPACE

TOLERANCE = (
    3e-6  # differences of unit features whose common part is ten times as long: ten roundings of 6e-8, a few times
)
WIDTH = SPACE.dim


def cone(count: int, seed: int = 0, parts: np.ndarray | None = None) -> FeatureSet:
    """Features around one direction, as a model's are."""
    rng = np.random.default_rng(seed)
    rows = (10 * np.random.default_rng(9).normal(size=WIDTH) + rng.normal(size=(count, WIDTH))).astype(np.float32)
    parts = np.ones((count, 3), bool) if parts is None else parts
    ids = [f'c{seed}-{row}' for row in range(count)]
    return FeatureSet(SPACE, ids, rows, parts, np.zeros((count, 3), bool)).checked()


def test_the_mean_is_subtracted_and_scores_spread_around_zero() -> None:
    features = cone(200)
    centred = fit_centring(features, dim=None, version=1).apply(features)
    rows = features.features.astype(np.float64)
    expected = rows - rows.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(centred.features, expected, atol=TOLERANCE)
    others = ~np.eye(200, dtype=bool)
    assert (rows @ rows.T)[others].min() > 0.9
    assert abs((centred.features @ centred.features.T)[others].mean()) < 0.01
    assert centred.space.digest != SPACE.digest
    assert centred.space.modalities == SPACE.modalities


def test_a_triplet_with_absent_sensors_lies_where_its_parts_do() -> None:
    complete = cone(300)
    modalities = np.array(SPACE.modalities)
    shares = np.array([(complete.features[:, modalities == m] ** 2).sum(axis=1).mean() for m in (0, 1, 2, -1)])
    rows = complete.features[:5].copy()
    for place, modality in enumerate((0, 1, 2, -1)):  # each part as long as it is on average
        chosen = modalities == modality
        rows[:, chosen] *= np.sqrt(shares[place]) / np.linalg.norm(rows[:, chosen], axis=1, keepdims=True)
    whole = FeatureSet(SPACE, list('abcde'), rows, np.ones((5, 3), bool), np.zeros((5, 3), bool)).checked()
    parts = np.array([[True, False, True]] * 5)
    partial = FeatureSet(SPACE, list('abcde'), rows, parts, np.zeros((5, 3), bool)).checked()
    centring = fit_centring(complete, dim=None, version=1)
    a, b = centring.apply(whole).features, centring.apply(partial).features
    a = np.where(np.isin(modalities, (0, 2, -1)), a, 0)
    np.testing.assert_allclose(b, a / np.linalg.norm(a, axis=1, keepdims=True), atol=1e-5)
    assert (b[:, modalities == 1] == 0).all()


def test_directions_are_the_principal_components_of_each_part() -> None:
    features = cone(400)
    centring = fit_centring(features, dim=7, version=1)
    assert centring.modalities == (-1, 0, 0, 1, 1, 2, 2)
    rows = features.features.astype(np.float64)
    centred = rows - rows.mean(axis=0)
    modalities, expected = np.array(SPACE.modalities), np.zeros((400, 400))
    for modality, kept in ((-1, 1), (0, 2), (1, 2), (2, 2)):
        part = centred[:, modalities == modality]
        _, _, directions = np.linalg.svd(part, full_matrices=False)
        projected = part @ directions[:kept].T
        expected += projected @ projected.T
    lengths = np.sqrt(np.diag(expected))
    found = centring.apply(features).features
    np.testing.assert_allclose(found @ found.T, expected / np.outer(lengths, lengths), atol=1e-4)


def test_captions_have_a_mean_of_their_own() -> None:
    plain, text = cone(250, 1), cone(250, 2)
    shifted = text.features + 1
    shifted /= np.linalg.norm(shifted, axis=1, keepdims=True)
    has_text = np.zeros((250, 3), bool)
    has_text[:120] = True
    rows = np.where(has_text[:, :1], shifted, plain.features).astype(np.float32)
    features = FeatureSet(SPACE, plain.ids, rows, plain.parts, has_text, plain.features)
    centring = fit_centring(features, dim=None, version=1)
    np.testing.assert_allclose(centring.text.mean, shifted[:120].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(centring.plain.mean, plain.features.mean(axis=0), atol=1e-6)
    few = features.select(range(100, 250))  # 20 with captions: too few for a mean of their own
    centring = fit_centring(few, dim=None, version=1)
    assert centring.text is centring.plain
    out = centring.apply(features)
    assert (out.features[120:] == out.text_free[120:]).all()
    assert not np.allclose(out.features[:120], out.text_free[:120])


@pytest.mark.parametrize('dim', [None, 5])
def test_what_is_written_is_read(dim: int | None) -> None:
    features = cone(150)
    centring = fit_centring(features, dim=dim, version=3)
    again = Centring.from_json(json.loads(json.dumps(centring.to_json())), SPACE)
    assert again.target == centring.target
    assert (again.apply(features).features == centring.apply(features).features).all()
    assert (again.version, again.entries) == (3, 150)


def test_what_the_features_cannot_support_is_refused() -> None:
    with pytest.raises(DataError, match='needs 100 entries; there are 99'):
        fit_centring(cone(99), dim=None, version=1)
    with pytest.raises(DataError, match='to 10 dimensions needs 200 entries, or a dim of at most 7'):
        fit_centring(cone(150), dim=10, version=1)
    with pytest.raises(DataError, match='dim=14: expected 4 to 13'):
        fit_centring(cone(400), dim=WIDTH, version=1)
    one = cone(1)
    same = FeatureSet(
        SPACE,
        [str(i) for i in range(120)],
        one.features.repeat(120, 0),
        np.ones((120, 3), bool),
        np.zeros((120, 3), bool),
    )
    with pytest.raises(DataError, match='all features are alike'):
        fit_centring(same, dim=None, version=1)
