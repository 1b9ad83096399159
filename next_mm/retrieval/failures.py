"""Where a search fails: figures by camera, and the queries whose nearest entry is wrong, by what may be the cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from next_mm.retrieval.results import Entry, QueryScore, SearchResults
from next_mm.triplet import UNKNOWN

__all__ = ['CAUSES', 'CameraFigures', 'failures_by_cause', 'figures_by_camera']

CAUSES = (
    'the query lacks a modality',
    'the wrong entry lacks a modality',
    'captions on one side alone',
    'the wrong entry is of the same camera',
    'a correct entry follows by rank 5',
    'no correct entry by rank 5',
)
"""What may be the cause of a failure; the first that holds counts."""


@dataclass(frozen=True)
class CameraFigures:
    """The figures of the queries of one camera, as shares in 0..1.

    Attributes:
        camera: the camera, :data:`next_mm.triplet.UNKNOWN` where it is unknown.
        queries: queries with a correct entry in the gallery.
        mean_average_precision: mAP.
        rank_1: share whose nearest entry is correct.
    """

    camera: int
    queries: int
    mean_average_precision: float
    rank_1: float


def figures_by_camera(results: SearchResults) -> list[CameraFigures]:
    """Return the figures of every camera that has scored queries, by number."""
    scores: dict[int, list[QueryScore]] = {}
    for query, score in zip(results.queries, results.scores, strict=True):
        if score is not None:
            scores.setdefault(query.camera, []).append(score)
    return [
        CameraFigures(
            camera,
            len(own),
            sum(score.average_precision for score in own) / len(own),
            sum(score.ranks[0] == 1 for score in own) / len(own),
        )
        for camera, own in sorted(scores.items())
    ]


def failures_by_cause(results: SearchResults) -> dict[str, list[int]]:
    """Return, for every cause of :data:`CAUSES` that occurs, the queries whose nearest entry is
    wrong, the worst first."""
    found: dict[str, list[int]] = {cause: [] for cause in CAUSES}
    for index, score in enumerate(results.scores):
        if score is not None and score.ranks[0] > 1 and results.matches[index]:
            found[_find_cause(results, index, score)].append(index)
    for queries in found.values():
        queries.sort(key=lambda index: _average_precision(results.scores, index))
    return {cause: queries for cause, queries in found.items() if queries}


def _find_cause(results: SearchResults, index: int, score: QueryScore) -> str:
    query, wrong = results.queries[index], results.gallery[results.matches[index][0].index]
    if not all(query.present):
        return CAUSES[0]
    if not all(wrong.present):
        return CAUSES[1]
    if _captioned(query) != _captioned(wrong):
        return CAUSES[2]
    if query.camera == wrong.camera != UNKNOWN:
        return CAUSES[3]
    return CAUSES[4] if score.ranks[0] <= 5 else CAUSES[5]


def _captioned(entry: Entry) -> bool:
    return entry.has_text is not None and any(entry.has_text)


def _average_precision(scores: Sequence[QueryScore | None], index: int) -> float:
    score = scores[index]
    return 0.0 if score is None else score.average_precision
