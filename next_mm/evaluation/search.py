"""A test set ranked under a protocol: the scores of its queries, and on request what each of them found."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from next_mm.errors import DataError
from next_mm.evaluation.protocol import Exclude, RetrievalTable, check_groups, explain_no_match
from next_mm.retrieval.comparison import Comparison
from next_mm.retrieval.distances import DistanceRows
from next_mm.retrieval.rank_list import RankList, rank_list
from next_mm.retrieval.ranking import QueryScores, score_queries
from next_mm.retrieval.reranking import ReRanking
from next_mm.retrieval.results import Entry, Match, QueryScore, SearchResults
from next_mm.retrieval.verification import Verification, verify
from next_mm.triplet import UNKNOWN

__all__ = ['RankedTable', 'rank_table']


@dataclass(frozen=True)
class RankedTable:
    """A test set with its distances and scores.

    Attributes:
        table: the samples.
        exclude: what is left out.
        comparison: compares the features.
        reranked: whether the distances are those of re-ranking.
        rows: the distances.
        scores: the scores of the queries.
        chunk_size: queries at a time, None for the default.
    """

    table: RetrievalTable
    exclude: Exclude
    comparison: Comparison
    reranked: bool
    rows: DistanceRows
    scores: QueryScores
    chunk_size: int | None = None

    def search(self, topk: int) -> SearchResults:
        """Return the ``topk`` nearest gallery entries of every query that are not excluded."""
        table = self.table
        query, gallery = (table.labels(self.exclude, rows) for rows in (table.queries, table.gallery))
        nearest = rank_list(self.rows, query, gallery, topk=topk, chunk_size=self.chunk_size)
        values = nearest.distances if self.reranked else self.comparison.readable(nearest.distances)
        return SearchResults(
            measure='reranked' if self.reranked else self.comparison.measure,
            queries=[_entry(sample) for sample in table.samples[table.queries]],
            gallery=[_entry(sample) for sample in table.samples[table.gallery]],
            matches=list(_matches(nearest, values)),
            scores=list(_scores(self.scores)),
        )

    def verify(self) -> Verification:
        """Return the ROC curve over all pairs of a query and a gallery entry that are not excluded."""
        query, gallery = (self.table.labels(self.exclude, rows) for rows in (self.table.queries, self.table.gallery))
        return verify(self.rows, query, gallery, chunk_size=self.chunk_size)


def rank_table(
    table: RetrievalTable,
    exclude: Exclude,
    comparison: Comparison,
    *,
    rerank: ReRanking | None = None,
    chunk_size: int | None = None,
) -> RankedTable:
    """Rank the gallery of a test set for each of its queries.

    Args:
        table: the samples.
        exclude: what is left out.
        comparison: compares the features of the table.
        rerank: options of re-ranking, None for none.
        chunk_size: queries at a time, None for the default.

    Raises:
        DataError: cameras or scenes that are needed are unknown, or no query has a match.
    """
    check_groups(table, exclude)
    if rerank is None:
        rows = comparison.rows(table.queries, table.gallery)
    else:
        rows = rerank.rows(comparison, table.queries, table.gallery)
    query, gallery = table.labels(exclude, table.queries), table.labels(exclude, table.gallery)
    scores = score_queries(rows, query, gallery, chunk_size=chunk_size, keep_ranks=True)
    if not scores.num_matches.any():
        raise DataError(explain_no_match(table, exclude))
    return RankedTable(table, exclude, comparison, rerank is not None, rows, scores, chunk_size)


def _entry(sample: Mapping[str, Any]) -> Entry:
    known = sample['identity'] != UNKNOWN
    has_text = sample.get('feature_text')
    return Entry(
        sample_idx=int(sample['sample_idx']),
        name=str(sample['name']),
        identity=sample['identity'] if known else None,
        camera=int(sample['camera']),
        scene=int(sample['scene']),
        present=tuple(sample.get('present') or Entry.present),
        has_text=None if has_text is None else tuple(has_text),
    )


def _matches(nearest: RankList, values: Tensor) -> Iterator[list[Match]]:
    for indices, row, correct in zip(nearest.indices.tolist(), values.tolist(), nearest.correct.tolist()):
        yield [
            Match(index, value if math.isfinite(value) else None, is_correct)
            for index, value, is_correct in zip(indices, row, correct)
            if index >= 0
        ]


def _scores(scores: QueryScores) -> Iterator[QueryScore | None]:
    ranks = scores.ranks or []
    for precision, penalty, own in zip(scores.average_precision.tolist(), scores.inverse_penalty.tolist(), ranks):
        yield QueryScore(precision, penalty, tuple(own.tolist())) if len(own) else None
