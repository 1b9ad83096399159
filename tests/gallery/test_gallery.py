"""Both stores of a gallery against plain loops, and what a user relies on: exactness, durability, deletion."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from next_mm.errors import ConfigError, DataError
from next_mm.gallery import Gallery
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace
from tests.gallery.conftest import needs_server
from tests.gallery.kills import kill_again_and_again, write_together
from tests.gallery.naive import SPACE, NaiveGallery, make_features

COUNTER = itertools.count()
TOLERANCE = 1e-6  # unit features of 14 float32 values: 14 roundings of 6e-8


def open_gallery(path: Path, **options: object) -> Gallery:
    return Gallery.open(path / 'gallery', SPACE, **options)


def check_search(gallery: Gallery, naive: NaiveGallery, query: FeatureSet, top: int, **filters: object) -> None:
    for q, hits in enumerate(gallery.search(query, top=top, **filters)):
        expected = naive.search(query, q, top, **filters)
        assert [hit.id for hit in hits] == [name for name, _ in expected]
        assert [hit.score for hit in hits] == pytest.approx([score for _, score in expected], abs=TOLERANCE)
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))


# Both stores under random operations.

filters = st.fixed_dictionaries(
    {},
    optional={
        'camera': st.sampled_from(['gate', 'yard', 'nowhere']),
        'not_camera': st.sampled_from(['gate', 'yard']),
        'identity': st.sampled_from(['0', '1', '2']),
        'after': st.sampled_from([10.0, 15.0, 30.0]),
        'before': st.sampled_from([20.0, 35.0]),
    },
)
operations = st.lists(
    st.one_of(
        st.tuples(st.just('add'), st.integers(0, 4), st.booleans(), st.booleans()),
        st.tuples(st.just('keep'), st.integers(0, 4), st.booleans(), st.booleans()),
        st.tuples(st.just('delete'), filters.filter(bool)),
        st.tuples(st.just('delete ids'), st.integers(0, 4), st.integers(0, 4)),
        st.tuples(st.just('search'), filters, st.integers(1, 6), st.booleans(), st.booleans()),
        st.tuples(st.just('reopen')),
    ),
    min_size=3,
    max_size=12,
)
COLUMNS = dict(
    identity=[str(row % 3) for row in range(5)],
    camera=[None, 'gate', 'yard', None, 'gate'],
    time=[None, 10.0, 20.0, 30.0, 40.0],
)


def play(operations: list, reopen: Callable[[], Gallery]) -> None:
    """Do operations on a gallery and on plain lists, and compare all that they return."""
    naive, gallery = NaiveGallery(), reopen()
    for step, (kind, *values) in enumerate(operations):
        if kind in ('add', 'keep'):
            seed, incomplete, captions = values
            features = make_features(5, seed, incomplete=incomplete, captions=captions)
            conflict = 'replace' if kind == 'add' else 'keep'
            rows = [row for row in range(5) if kind == 'add' or not naive.has(features.ids[row])]
            assert gallery.add(features, on_conflict=conflict, **COLUMNS) == len(rows)
            naive.add(features, rows, **COLUMNS)
        elif kind == 'delete':
            assert gallery.delete(**values[0]) == naive.delete(**values[0])
        elif kind == 'delete ids':
            name = f'e{values[0]}-{values[1]}'
            assert gallery.delete([name, 'nobody']) == naive.delete(id=name)
        elif kind == 'reopen':
            gallery.close()
            gallery = reopen()
        else:
            given, top, incomplete, captions = values
            query = make_features(2, 100 + step, prefix='q', incomplete=incomplete, captions=captions)
            check_search(gallery, naive, query, top, **given)
    assert gallery.count() == gallery.stats()['entries'] == len(naive.entries)
    assert [entry.id for entries, _ in gallery.iterate() for entry in entries] == [
        entry['id'] for entry in naive.entries
    ]
    gallery.close()


ANY_FIXTURE = [HealthCheck.function_scoped_fixture]


@settings(max_examples=25, deadline=None, suppress_health_check=ANY_FIXTURE)
@given(operations=operations)
def test_random_operations_equal_a_plain_loop(operations: list, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp('gallery')
    play(operations, lambda: open_gallery(path))


@needs_server
@settings(max_examples=6, deadline=None, suppress_health_check=ANY_FIXTURE, phases=(Phase.explicit, Phase.generate))
@given(operations=operations)
def test_random_operations_on_a_server_equal_a_plain_loop(operations: list, server: str) -> None:
    name = f'random{next(COUNTER)}'
    play(operations, lambda: Gallery.open(f'{server}/{name}', SPACE))


def test_equal_scores_stand_in_the_order_of_adding(tmp_path: Path) -> None:
    one = make_features(1, 0)
    same = FeatureSet(
        SPACE, [f'{i}' for i in range(8)], one.features.repeat(8, 0), one.parts.repeat(8, 0), one.has_text.repeat(8, 0)
    )
    with open_gallery(tmp_path) as gallery:
        gallery.add(same)
        assert [hit.id for hit in gallery.search(one, top=5)[0]] == ['0', '1', '2', '3', '4']


def test_captions_count_only_where_both_sides_have_them(tmp_path: Path) -> None:
    captioned = make_features(6, 1, captions=True)
    assert 0 < captioned.captioned.sum() < 6
    with open_gallery(tmp_path) as gallery:
        gallery.add(captioned)
        row = int(captioned.captioned.argmax())
        own = gallery.search(captioned.select([row]), top=1)[0][0]
        assert (own.id, own.compared.text) == (captioned.ids[row], True)
        assert own.score == pytest.approx(1, abs=TOLERANCE)
        bare = FeatureSet(SPACE, ['q'], captioned.text_free[[row]], captioned.parts[[row]], np.zeros((1, 3), bool))
        hit = gallery.search(bare, top=1)[0][0]
        assert (hit.id, hit.compared.text) == (captioned.ids[row], False)
        assert hit.score == pytest.approx(1, abs=TOLERANCE)


def test_a_bad_batch_changes_nothing(tmp_path: Path) -> None:
    good = make_features(3, 0)
    with open_gallery(tmp_path) as gallery:
        gallery.add(good)
        nan = FeatureSet(
            SPACE, ['new', 'bad'], np.full((2, SPACE.dim), np.nan), np.ones((2, 3), bool), np.zeros((2, 3), bool)
        )
        with pytest.raises(DataError, match="'new': expected a finite features row"):
            gallery.add(nan)
        with pytest.raises(DataError, match='1 ids are in the gallery already.*nothing was added'):
            gallery.add(make_features(1, 0))
        with pytest.raises(DataError, match='expected 3 values, one a row, got 2'):
            gallery.add(make_features(3, 5), camera=['a', 'b'])
        with pytest.raises(DataError, match='valid Unicode'):
            gallery.add(make_features(1, 6), identity='\udc80')
        with pytest.raises(DataError, match='JSON values'):
            gallery.add(make_features(1, 7), extra={'x': float('nan')})
        assert gallery.count() == 3
        assert gallery.add(make_features(3, 0), on_conflict='keep') == 0


def test_another_models_features_are_refused(tmp_path: Path) -> None:
    with open_gallery(tmp_path) as gallery:
        gallery.add(make_features(2, 0))
    other = FeatureSpace('other', 'f' * 64, SPACE.modalities)
    with pytest.raises(DataError, match="model 'other'.*model 'toy'"):
        Gallery.open(tmp_path / 'gallery', other)
    with pytest.raises(DataError, match='no gallery there'):
        Gallery.open(tmp_path / 'nowhere', SPACE, create=False)
    with pytest.raises(ConfigError, match='expected a folder or an http'):
        Gallery.open('redis://x', SPACE)


NAMES = ['it\'s "quoted"', 'line\nbreak', "'; DROP TABLE entry; --", '日本', '\\', '%', ' ']


@pytest.mark.parametrize('name', NAMES)
def test_names_are_data(name: str, tmp_path: Path) -> None:
    feature = make_features(2, 0)
    named = FeatureSet(SPACE, [name, 'other'], feature.features, feature.parts, feature.has_text)
    with open_gallery(tmp_path) as gallery:
        gallery.add(named, identity=name, camera=[name, None])
        assert [hit.id for hit in gallery.search(feature, camera=name)[0]] == [name]
        assert [hit.id for hit in gallery.search(feature, not_camera=name)[0]] == ['other']
        assert gallery.get([name])[0].identity == name
        assert gallery.delete(identity=name) == 2


def test_nothing_of_a_deleted_entry_stays_on_disk(tmp_path: Path) -> None:
    features = make_features(50, 3, prefix='uniquename')
    paths = FeatureSet(**{**vars(features), 'sources': [f'secretfile{row}.jpg' for row in range(50)]})
    folder = tmp_path / 'gallery'
    with open_gallery(tmp_path) as gallery:
        gallery.add(paths, identity=[f'secretperson{row}' for row in range(50)], tracklet='walk', extra={'note': 'n'})
        gallery.search(features.select([7]), identity='secretperson7', crops=True)  # the audit log says what was found
        assert gallery.audit()[-1].detail['found'] == [['uniquename3-7']]
        needles = [features.features[7].tobytes(), b'uniquename3-7', b'secretperson7', b'secretfile7.jpg']
        assert all(any(needle in file.read_bytes() for file in folder.iterdir()) for needle in needles)
        assert gallery.delete([features.ids[7]]) == 1
        gallery.compact()
        for file in folder.iterdir():
            content = file.read_bytes()
            assert not any(needle in content for needle in needles)
        assert gallery.audit()[1].detail['found'] == [[None]]
        assert gallery.count() == 49


def test_a_search_names_what_it_found_in_the_audit_log_and_changes_are_seen(tmp_path: Path) -> None:
    with open_gallery(tmp_path, who='desk 3') as gallery:
        gallery.add(make_features(2, 0))
        gallery.search(make_features(1, 9, prefix='q'), top=1, camera='x')
        lines = gallery.audit()
        assert [(line.who, line.operation) for line in lines] == [('desk 3', 'add'), ('desk 3', 'search')]
        assert lines[1].detail == {'filters': {'camera': 'x'}, 'found': [[]]}
        gallery.file.db.execute("UPDATE audit SET who='nobody' WHERE sequence=1")
        with pytest.raises(DataError, match='line 1 does not follow'):
            gallery.audit()


def test_tracklets_are_searched_by_the_mean_of_their_crops(tmp_path: Path) -> None:
    crops = make_features(4, 5)
    with open_gallery(tmp_path) as gallery:
        gallery.add(crops, tracklet=['a', 'a', 'b', None], camera='gate', time=[3, 2, 5, 6])
        hits = gallery.search(crops.select([0]))[0]
        assert {hit.id for hit in hits} == {'tracklet a', 'tracklet b', crops.ids[3]}
        mean = crops.features[:2].mean(axis=0)
        score = float(mean @ crops.features[0] / np.linalg.norm(mean))
        first = next(hit for hit in hits if hit.id == 'tracklet a')
        assert first.score == pytest.approx(score, abs=TOLERANCE)
        assert (first.entry.camera, first.entry.time, first.entry.extra['crops']) == ('gate', 2.0, 2)
        assert len(gallery.search(crops.select([0]), crops=True)[0]) == 4
        gallery.delete([crops.ids[0]])
        assert gallery.search(crops.select([1]))[0][0].score == pytest.approx(1, abs=TOLERANCE)
        assert gallery.delete(tracklet='a') == 1
        assert {hit.id for hit in gallery.search(crops.select([0]))[0]} == {'tracklet b', crops.ids[3]}


def test_verdicts_follow_the_thresholds_of_what_was_compared(tmp_path: Path) -> None:
    features = make_features(3, 2)
    with open_gallery(tmp_path) as gallery:
        gallery.add(features)
        assert gallery.search(features.select([0]), top=1)[0][0].verdict is None
        gallery.set_thresholds({'rgb+nir+tir': {'same': 0.9, 'different': 0.5}})
        verdicts = {hit.id: hit.verdict for hit in gallery.search(features.select([0]))[0]}
        assert verdicts[features.ids[0]] == 'same'
        assert set(verdicts.values()) == {'same', 'different'}
        with pytest.raises(DataError, match='expected same >= different'):
            gallery.set_thresholds({'rgb': {'same': 0.1, 'different': 0.5}})


def test_float16_halves_the_file_and_keeps_the_order(tmp_path: Path) -> None:
    features = make_features(64, 4)
    with Gallery.open(tmp_path / 'half', SPACE, dtype='float16') as half, open_gallery(tmp_path) as full:
        half.add(features)
        full.add(features)
        a, b = half.search(features.select([3]), top=5)[0], full.search(features.select([3]), top=5)[0]
        assert a[0].id == b[0].id
        assert [hit.score for hit in a] == pytest.approx([hit.score for hit in b], abs=2e-3)  # 11 bits of mantissa


def test_a_kill_loses_no_acknowledged_batch_and_leaves_none_half(tmp_path: Path) -> None:
    cut, acknowledged = kill_again_and_again(tmp_path / 'gallery', points=6)
    assert acknowledged > 6
    assert sum(cut.values()) == 6


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    assert write_together(tmp_path / 'gallery', operations=10) >= 20


def test_two_processes_write_and_see_each_other(tmp_path: Path) -> None:
    with open_gallery(tmp_path) as first, open_gallery(tmp_path) as second:
        first.add(make_features(5, 0))
        assert len(second.search(make_features(1, 0))[0]) == 5
        second.add(make_features(5, 1))
        second.delete(['e0-0'])
        assert 'e0-0' not in {hit.id for hit in first.search(make_features(1, 0))[0]}
        assert first.count() == second.count() == 9
