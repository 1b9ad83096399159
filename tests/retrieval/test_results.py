"""The result of a search: saved, loaded, described."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from next_mm.errors import DataError
from next_mm.retrieval import Entry, Match, QueryScore, SearchResults


def make_results() -> SearchResults:
    queries = [
        Entry(sample_idx=7, name='a "b"/张.jpg', identity='张', camera=2, scene=1, present=(True, False, True)),
        Entry(sample_idx=8, name='new.jpg', has_text=(True, False, False)),
    ]
    gallery = [Entry(sample_idx=0, name='0.jpg', identity='张'), Entry(sample_idx=3, name='3.jpg', identity=4)]
    matches = [[Match(1, -0.25, False), Match(0, -0.5, True)], [Match(0, 0.75)]]
    return SearchResults('cosine', queries, gallery, matches, [QueryScore(0.5, 0.5, (2,)), None])


def test_saved_and_loaded_again(tmp_path: Path) -> None:
    results = make_results()
    results.save(tmp_path / 'deep' / 'found.json')
    assert SearchResults.load(tmp_path / 'deep' / 'found.json') == results
    content = json.loads((tmp_path / 'deep' / 'found.json').read_text(encoding='utf-8'))
    assert content['queries'][0]['score'] == {'average_precision': 0.5, 'inverse_penalty': 0.5, 'ranks': [2]}
    assert content['queries'][1]['matches'] == [{'index': 0, 'value': 0.75, 'correct': None}]
    assert [path.name for path in (tmp_path / 'deep').iterdir()] == ['found.json']


def test_no_results_are_results_too(tmp_path: Path) -> None:
    empty = SearchResults('reranked', [], [], [], [])
    empty.save(tmp_path / 'empty.json')
    assert SearchResults.load(tmp_path / 'empty.json') == empty


@pytest.mark.parametrize(
    'text', ['', '[]', '{"measure": "cosine"}', '{"measure": "luck", "queries": [], "gallery": []}']
)
def test_another_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / 'other.json').write_text(text)
    with pytest.raises(DataError, match=r'other.json: expected search results'):
        SearchResults.load(tmp_path / 'other.json')


def test_what_was_compared_and_its_value() -> None:
    results = make_results()
    assert results.compared(0, results.matches[0][0]) == ('rgb', 'tir')
    assert results.describe_value(results.matches[0][0]) == 'cos -0.250'
