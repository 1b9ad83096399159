"""What the picture of a rank list shows."""

import numpy as np
import pytest

from next_mm.datasets import MSVR310, read_picture
from next_mm.retrieval import Entry, Match, QueryScore, SearchResults
from next_mm.visualization import text
from next_mm.visualization.rank_list import QueryPictures, RankedTriplet, draw_rank_list
from tests.datasets.trees import VEHICLE_FOLDERS, make_msvr310, write_picture


def _flat(value: int) -> np.ndarray:
    return np.full((64, 32, 3), value, np.uint8)


def test_frames_tell_right_from_wrong_and_absent_pictures_stay_grey() -> None:
    columns = [
        RankedTriplet([_flat(10), _flat(25), _flat(30)], ['query: 5']),
        RankedTriplet([_flat(40), None, _flat(60)], ['1: 5', '0.100'], True),
        RankedTriplet([_flat(70), _flat(80), _flat(90)], ['2: 6', '0.200'], False),
    ]
    picture = draw_rank_list('a title', columns)
    assert picture.dtype == np.uint8
    right, wrong = (picture == (0, 140, 60)).all(-1), (picture == (205, 30, 30)).all(-1)
    assert right.sum() > 1000
    assert wrong.sum() > 1000
    assert right.any(0).nonzero()[0].max() < wrong.any(0).nonzero()[0].min()  # nearest first
    for value in (10, 25, 30, 40, 60, 70, 80, 90):
        assert ((picture == value).all(-1)).sum() >= 64 * 128  # 64 x 32 at twice its size, not stretched
    rows = [((picture == value).all(-1).sum(1) >= 64).nonzero()[0].min() for value in (10, 25, 30)]
    assert rows == sorted(rows)  # rgb, nir, tir from top to bottom
    assert ((picture == 225).all(-1)).sum() > 5000


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(ValueError, match='expected pictures, got none'):
        draw_rank_list('x', [RankedTriplet([None, None, None], ['query'])])


class TwoTriplets:
    """A dataset of two triplets without pictures."""

    metainfo = dict(synthetic=True)

    def get_data_info(self, index: int) -> dict:
        """One record."""
        return dict(name=f'{index}.jpg', img_paths=(None, None, None), side_by_side=False, captions=('A red car.',) * 3)


@pytest.mark.parametrize(
    ('measure', 'value', 'note'),
    [
        ('cosine', -0.25, 'cos -0.250'),
        ('euclidean', 0.25, 'dist 0.250'),
        ('reranked', 0.25, 'dist 0.250'),
    ],
)
def test_a_querys_picture_names_what_ranked_it(
    measure: str, value: float, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list = []
    monkeypatch.setattr(
        'next_mm.visualization.rank_list.draw_rank_list',
        lambda title, columns, captions: drawn.append((title, columns, captions)),
    )
    results = SearchResults(
        measure=measure,
        queries=[Entry(sample_idx=0, name='0.jpg', identity=5, camera=2, has_text=(True, False, True))],
        gallery=[Entry(sample_idx=1, name='1.jpg', identity=6)],
        matches=[[Match(index=0, value=value, correct=False)]],
        scores=[QueryScore(average_precision=0.125, inverse_penalty=0.125, ranks=(8,))],
    )
    QueryPictures(TwoTriplets())(results, 0)
    title, (query, entry), captions = drawn[0]
    assert title == 'TwoTriplets (synthetic): 0.jpg, average precision 12.5 %, first correct entry at rank 8'
    assert (query.lines, query.correct) == (['query: 5', 'camera 2', ''], None)
    assert (entry.lines, entry.correct) == (['1: 6', 'camera ?', note], False)
    assert captions == ['RGB, TIR: A red car.']


def test_a_query_is_not_drawn_from_the_gallerys_picture_of_its_name(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_msvr310(tmp_path)
    name = '0038_s014_v7_003.jpg'
    for part in ('query3', 'bounding_box_test'):
        for folder in VEHICLE_FOLDERS:
            write_picture(root / part / '0038' / folder / name, seed=len(part))
    drawn: list = []
    monkeypatch.setattr(
        'next_mm.visualization.rank_list.draw_rank_list', lambda title, columns, captions: drawn.append(columns)
    )
    dataset = MSVR310(data_root=str(root), split='test')
    records = [dataset.get_data_info(index) for index in range(len(dataset))]
    query, entry = (
        Entry(next(record['sample_idx'] for record in records if record['name'] == name and record[flag]), name, 38)
        for flag in ('is_query', 'is_gallery')
    )
    results = SearchResults('cosine', [query], [entry], [[Match(0, 0.5, True)]], [None])
    QueryPictures(dataset)(results, 0)
    for column, part in zip(drawn[0], ('query3', 'bounding_box_test')):
        assert np.array_equal(column.pictures[0], read_picture(root / part / '0038/vis' / name))


def test_no_picture_is_stretched() -> None:
    square = np.full((40, 40, 3), (77, 10, 200), np.uint8)
    columns = [RankedTriplet([_flat(10)] * 3, ['query']), RankedTriplet([square, _flat(20), _flat(20)], ['1'])]
    drawn = (draw_rank_list('x', columns) == (77, 10, 200)).all(-1)
    rows, places = (drawn.any(axis).sum() for axis in (1, 0))
    assert rows == places  # still a square


def test_letters_without_a_font_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, '_system_fonts', tuple)
    text._find_font.cache_clear()
    assert ''.join(run for _, run in text._runs('a张\x1b✓', 12)) == 'a\\u5f20\\x1b✓'
    text._find_font.cache_clear()
    assert text.clip_text('abcdefghijklmnop', 12, 60).count('…') == 1
    assert text.text_width(text.clip_text('abcdefghijklmnop', 12, 60), 12) <= 60
    lines = text.wrap_text('one two three four five six', 12, 60, lines=2)
    assert len(lines) == 2 and lines[1].endswith('…')
