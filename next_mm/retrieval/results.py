"""What a search found: ranked matches of every query, saved and loaded as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from next_mm.errors import DataError
from next_mm.triplet import MODALITIES, UNKNOWN
from next_mm.utils.files import write_atomically

__all__ = ['Entry', 'Match', 'Measure', 'QueryScore', 'SearchResults']

Measure = Literal['cosine', 'euclidean', 'reranked']
"""What ranked the gallery: the cosine similarity (greater is nearer), the Euclidean distance, or the distance of
re-ranking (smaller is nearer)."""


@dataclass(frozen=True)
class Entry:
    """A query or a gallery entry.

    Attributes:
        sample_idx: its place in the dataset that it came from.
        name: its name in the dataset.
        identity: its identity as the dataset gives it, None where it is unknown.
        camera: its camera, :data:`next_mm.triplet.UNKNOWN` where it is unknown.
        scene: its scene, likewise.
        present: which of the three modalities it has, in the order of :data:`next_mm.triplet.MODALITIES`.
        has_text: which captions its feature was made with, in the same order; None for a model without captions.
    """

    sample_idx: int
    name: str
    identity: int | str | None = None
    camera: int = UNKNOWN
    scene: int = UNKNOWN
    present: tuple[bool, ...] = (True,) * len(MODALITIES)
    has_text: tuple[bool, ...] | None = None


@dataclass(frozen=True)
class Match:
    """One gallery entry of a ranked list.

    Attributes:
        index: its place in the gallery of the results.
        value: how near it is to the query, in the measure of the results; None where the two have no part of the
            feature in common.
        correct: whether it is of the query's identity; None where that is unknown.
    """

    index: int
    value: float | None
    correct: bool | None = None


@dataclass(frozen=True)
class QueryScore:
    """How well the correct gallery entries of one query are ranked.

    Attributes:
        average_precision: mean over the correct entries of the precision at their rank, 0..1.
        inverse_penalty: number of correct entries / rank of the last one, 0..1.
        ranks: rank of every correct entry in the whole gallery, counted from 1, ascending.
    """

    average_precision: float
    inverse_penalty: float
    ranks: tuple[int, ...]


@dataclass(frozen=True)
class SearchResults:
    """Ranked matches of Q queries in a gallery.

    Attributes:
        measure: what the values of the matches are.
        queries: the Q queries.
        gallery: the whole gallery.
        matches: for each query its nearest gallery entries, nearest first.
        scores: for each query its score; None where its identity is unknown or no correct entry is in the gallery.
    """

    measure: Measure
    queries: Sequence[Entry]
    gallery: Sequence[Entry]
    matches: Sequence[Sequence[Match]]
    scores: Sequence[QueryScore | None]

    def compared(self, query: int, match: Match) -> tuple[str, ...]:
        """Return the modalities that a query and a match both have."""
        both = zip(MODALITIES, self.queries[query].present, self.gallery[match.index].present)
        return tuple(key for key, mine, its in both if mine and its)

    def describe_value(self, match: Match) -> str:
        """Return the value of a match with the name of its measure, such as ``cos 0.912``."""
        if match.value is None:
            return 'none shared'
        return f'{"cos" if self.measure == "cosine" else "dist"} {match.value:.3f}'

    def save(self, path: str | Path) -> None:
        """Write a JSON file, whole or not at all; its folder is made.

        It has ``measure``, ``queries`` and ``gallery``. Each query has, beside the fields of an :class:`Entry`,
        ``score`` (a :class:`QueryScore` or null) and ``matches`` (each a :class:`Match`).
        """
        write_atomically(Path(path), self._json())

    @classmethod
    def load(cls, path: str | Path) -> SearchResults:
        """Read a file that :meth:`save` wrote.

        Raises:
            DataError: it is no such file.
        """
        try:
            content = json.loads(Path(path).read_text(encoding='utf-8'))
            return cls(
                measure=_measure(content['measure']),
                queries=[_entry(query) for query in content['queries']],
                gallery=[_entry(entry) for entry in content['gallery']],
                matches=[[Match(**match) for match in query['matches']] for query in content['queries']],
                scores=[_score(query['score']) for query in content['queries']],
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f'{path}: expected search results as JSON, got something else ({error})') from error

    def _json(self) -> Iterator[str]:
        queries = (
            {**asdict(query), 'score': asdict(score) if score else None, 'matches': [asdict(match) for match in found]}
            for query, score, found in zip(self.queries, self.scores, self.matches, strict=True)
        )
        yield f'{{"measure": {json.dumps(self.measure)},\n"queries": ['
        yield from _lines(queries)
        yield '],\n"gallery": ['
        yield from _lines(map(asdict, self.gallery))
        yield ']}\n'


def _lines(items: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Write each item on a line of its own."""
    for number, item in enumerate(items):
        yield (',\n' if number else '\n') + json.dumps(item, ensure_ascii=False)


def _measure(value: Any) -> Measure:
    if value not in get_args(Measure):
        raise ValueError(f'measure {value!r}')
    return value


def _entry(fields: Mapping[str, Any]) -> Entry:
    known = {key: fields[key] for key in ('sample_idx', 'name', 'identity', 'camera', 'scene')}
    has_text = fields['has_text']
    return Entry(
        **known, present=tuple(fields['present']), has_text=None if has_text is None else tuple(map(bool, has_text))
    )


def _score(fields: Mapping[str, Any] | None) -> QueryScore | None:
    return None if fields is None else QueryScore(**{**fields, 'ranks': tuple(fields['ranks'])})
