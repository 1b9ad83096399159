"""Both stores with centred scores: fitted once, for entries of before and after, and dropped thresholds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from next_mm.errors import ConfigError, DataError
from next_mm.gallery import Gallery
from next_mm.gallery.calibration import calibrate_gallery
from next_mm.retrieval.centring import fit_centring
from next_mm.retrieval.feature_set import FeatureSet
from tests.gallery.conftest import needs_server
from tests.gallery.naive import SPACE, naive_score
from tests.retrieval.test_centring import cone

TOLERANCE = 3e-6  # as in tests/retrieval/test_centring.py


def test_scores_are_centred_for_all_entries(reopen: Callable[..., Gallery]) -> None:
    features, later = cone(120), cone(10, 5)
    parts = np.ones((10, 3), bool)
    parts[:5, 1] = False
    later = FeatureSet(SPACE, later.ids, later.features, parts, np.zeros((10, 3), bool)).checked()
    query = cone(3, 7)
    with reopen() as gallery:
        gallery.add(features)
        gallery.set_thresholds({'rgb+nir+tir': {'same': 0.9, 'different': 0.5}})
        raw = gallery.search(query, top=5)
        assert min(hit.score for hits in raw for hit in hits) > 0.9
        assert gallery.stats()['centring'] == 0
        with reopen() as other:
            other.search(query)
            assert gallery.fit_transform().entries == 120
            assert gallery.search(query, top=1)[0][0].verdict is None  # the thresholds were of other scores
            gallery.add(later)
            centring = fit_centring(features, dim=None, version=1)
            queries, entries = centring.apply(query), centring.apply(FeatureSet.join(SPACE, [features, later]))
            for store in (gallery, other, reopen()):
                assert store.stats()['centring'] == 1
                for q, hits in enumerate(store.search(query, top=200)):
                    expected = {name: naive_score(queries, q, entries, g) for g, name in enumerate(entries.ids)}
                    assert {hit.id: hit.score for hit in hits} == pytest.approx(expected, abs=TOLERANCE)
                    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        with pytest.raises(DataError, match='centred already'):
            gallery.fit_transform()
        assert gallery.fit_transform(again=True).version == 2


def test_thresholds_are_those_of_the_centred_scores(reopen: Callable[..., Gallery]) -> None:
    centres, noise = cone(40, 1).features, np.random.default_rng(0).normal(size=(160, SPACE.dim)) / 50
    rows = (centres.repeat(4, 0) + noise).astype(np.float32)
    features = FeatureSet(
        SPACE, [str(i) for i in range(160)], rows, np.ones((160, 3), bool), np.zeros((160, 3), bool)
    ).checked()
    with reopen() as gallery:
        gallery.add(features, identity=[str(i // 4) for i in range(160)], camera=[str(i % 4) for i in range(160)])
        before, _ = calibrate_gallery(gallery, false_match_rate=0.01, resamples=5)
        gallery.fit_transform()
        after, _ = calibrate_gallery(gallery, false_match_rate=0.01, resamples=5)
    assert before['rgb+nir+tir'].same.value > 0.95
    assert after['rgb+nir+tir'].same.value < 0.95


def test_fewer_dimensions_are_kept_in_memory(tmp_path: Path) -> None:
    features = cone(300)
    with Gallery.open(tmp_path / 'gallery', SPACE) as gallery:
        gallery.add(features)
        gallery.fit_transform(dim=7)
        expected = fit_centring(features, dim=7, version=1).apply(features)
        hits = gallery.search(features.select([4]), top=300)[0]
        assert gallery.index.plain.rows.shape == (300, 7)
        scores = dict(zip(expected.ids, expected.features @ expected.features[4]))
        assert {hit.id: hit.score for hit in hits} == pytest.approx(scores, abs=TOLERANCE)


@needs_server
def test_a_server_keeps_the_whole_width(server: str) -> None:
    with (
        Gallery.open(f'{server}/narrow', SPACE) as gallery,
        pytest.raises(ConfigError, match='whole width; expected none'),
    ):
        gallery.fit_transform(dim=7)
