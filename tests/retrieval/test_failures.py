"""Figures by camera, and failures by cause, on queries made by hand."""

from __future__ import annotations

import pytest

from next_mm.retrieval import Entry, Match, QueryScore, SearchResults
from next_mm.retrieval.failures import CAUSES, failures_by_cause, figures_by_camera

FULL, GAP = (True, True, True), (True, False, True)


def make(*rows: tuple) -> SearchResults:
    """One query a row: camera, present, has_text, those of its nearest entry, first correct
    rank (None: no score), AP."""
    queries, gallery, matches, scores = [], [], [], []
    for index, (camera, present, text, their_camera, their_present, their_text, rank, precision) in enumerate(rows):
        queries.append(Entry(index, f'{index}', index, camera, present=present, has_text=text))
        gallery.append(Entry(index, f'g{index}', -index, their_camera, present=their_present, has_text=their_text))
        matches.append([Match(index, 0.5, rank == 1)])
        scores.append(None if rank is None else QueryScore(precision, precision, (rank, rank + 3)))
    return SearchResults('cosine', queries, gallery, matches, scores)


def test_the_first_cause_that_holds_counts() -> None:
    results = make(
        (1, FULL, FULL, 2, FULL, FULL, 1, 1.0),  # no failure
        (1, FULL, FULL, 2, FULL, FULL, None, 0.0),  # no score
        (1, GAP, FULL, 1, GAP, FULL, 2, 0.5),
        (1, FULL, FULL, 1, GAP, FULL, 2, 0.5),
        (1, FULL, (False,) * 3, 1, FULL, FULL, 2, 0.5),
        (1, FULL, FULL, 1, FULL, FULL, 2, 0.5),
        (-1, FULL, None, -1, FULL, None, 5, 0.4),
        (1, FULL, None, 2, FULL, None, 6, 0.3),
        (1, FULL, None, 2, FULL, None, 60, 0.1),
    )
    assert failures_by_cause(results) == dict(zip(CAUSES, ([2], [3], [4], [5], [6], [8, 7])))


def test_figures_by_camera() -> None:
    row = (FULL, None, 9, FULL, None)
    results = make((2, *row, 1, 1.0), (2, *row, 4, 0.5), (0, *row, 1, 0.9), (3, *row, None, 0.0), (-1, *row, 2, 0.2))
    found = [(f.camera, f.queries, f.mean_average_precision, f.rank_1) for f in figures_by_camera(results)]
    assert found == [(-1, 1, 0.2, 0), (0, 1, 0.9, 1), (2, 2, pytest.approx(0.75), 0.5)]
