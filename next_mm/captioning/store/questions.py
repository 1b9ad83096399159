"""The questions of a run that have no answer yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from next_mm.captioning.store.answers import version_of_modality
from next_mm.captioning.store.database import Database, marks
from next_mm.captioning.store.tables import FAILED, USABLE
from next_mm.triplet import MODALITIES

__all__ = ['OpenQuestion', 'OpenQuestions', 'Selection', 'shard_of']


@dataclass(frozen=True)
class Selection:
    """Which questions a run takes on.

    Attributes:
        limit: the first so many triplets; ``None`` for all.
        shard: (i, n): the i-th of n shares, i from 1.
        retry_failed: ask again where the answer was refused, invalid or rejected.
    """

    limit: int | None = None
    shard: tuple[int, int] = (1, 1)
    retry_failed: bool = False

    @property
    def settled(self) -> tuple[str, ...]:
        """States of an answer that is not asked for again."""
        return USABLE if self.retry_failed else USABLE + FAILED


class OpenQuestion(NamedTuple):
    """A picture that a model has not been asked about."""

    row: int
    key: str
    modality: str
    path: str
    panel: int


def shard_of(picture: str, count: int) -> int:
    """The share, from 1, that a picture belongs to; equal pictures belong to the same."""
    return int(picture[:8], 16) % count + 1


class OpenQuestions:
    """Named queries for the questions of one model that have no answer yet.

    Args:
        database: of the store.
        model: its name.
        versions: of the question, by modality.
        splits: of the dataset.
        selection: which pictures.
    """

    def __init__(
        self,
        database: Database,
        *,
        model: str,
        versions: Mapping[str, str],
        splits: Sequence[str],
        selection: Selection,
    ) -> None:
        self._database = database
        database.add_function('shard_of', shard_of, 2)
        self._query, self._values = _condition(model, versions, splits, selection)

    def count(self) -> dict[str, int]:
        """Number of questions by modality."""
        query = f'SELECT p.modality, COUNT(*) {self._query} GROUP BY p.modality'
        return dict(self._database.rows(query, self._values))

    def chunks(self) -> Iterator[list[OpenQuestion]]:
        """The questions, a few hundred at a time, in the dataset's order."""
        query = f'SELECT p.rowid, p.picture, p.modality, p.path, p.panel {self._query}'
        for rows in self._database.chunks(query, self._values, 'p.rowid'):
            yield [OpenQuestion(*row) for row in rows]


def _condition(
    model: str, versions: Mapping[str, str], splits: Sequence[str], selection: Selection
) -> tuple[str, tuple[Any, ...]]:
    done = selection.settled
    # The plus signs keep SQLite from any index but the row number: a chunk then costs what it holds, not what the table
    # holds.
    query = (
        f'FROM pictures p WHERE p.picture IS NOT NULL AND +p.split IN ({marks(splits)}) '
        # a picture that is in the list twice is asked about once
        'AND p.rowid=(SELECT MIN(q.rowid) FROM pictures q WHERE q.picture=p.picture AND q.modality=p.modality '
        f'AND q.split IN ({marks(splits)})) '
        'AND NOT EXISTS(SELECT 1 FROM answers a WHERE a.subject=p.picture AND a.model=? '
        f'AND a.prompt={version_of_modality("p.modality")} AND a.status IN ({marks(done)}))'
    )
    values: tuple[Any, ...] = (*splits, *splits, model, *(versions[m] for m in MODALITIES), *done)
    index, count = selection.shard
    if count > 1:
        query, values = f'{query} AND shard_of(p.picture, ?)=?', (*values, count, index)
    if selection.limit is not None:
        query += (
            f' AND (+p.split, +p.item) IN (SELECT split, item FROM pictures WHERE split IN ({marks(splits)}) '
            'GROUP BY split, item ORDER BY MIN(rowid) LIMIT ?)'
        )
        values = (*values, *splits, selection.limit)
    return query, values
