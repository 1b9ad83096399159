"""Captions of a store: the complete attribute set of each picture, and the text made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from next_mm.captioning.attributes.observations import AttributeSet, Observation, dump_set, load_set
from next_mm.captioning.store.database import Database, marks

__all__ = ['CaptionRow', 'Captions']


class CaptionRow(NamedTuple):
    """One picture's attributes, and its caption once there is one."""

    split: str
    item: str
    modality: str
    attributes: dict[str, Observation]
    caption: str | None
    source: str | None


class Captions:
    """Named queries over the table ``captions``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def replace_sets(self, splits: Sequence[str], sets: Iterable[tuple[str, str, Mapping[str, AttributeSet]]]) -> None:
        """Write the attribute sets of these splits anew.

        Args:
            splits: whose sets go.
            sets: split, item and the complete attributes by modality.
        """
        with self._database.transaction():
            self._database.execute(f'DELETE FROM captions WHERE split IN ({marks(splits)})', splits)
            for split, item, by_modality in sets:
                self._database.execute_many(
                    'INSERT INTO captions VALUES(?,?,?,?,NULL,NULL)',
                    [(split, item, modality, dump_set(attributes)) for modality, attributes in by_modality.items()],
                )

    def count(self) -> int:
        """How many attribute sets there are."""
        return self._database.value('SELECT COUNT(*) FROM captions')

    def attribute_sets(self, splits: Sequence[str]) -> Iterator[tuple[int, dict[str, Observation]]]:
        """Row and attributes of every picture; the store may be written meanwhile."""
        query = f'SELECT rowid, attributes FROM captions WHERE split IN ({marks(splits)})'
        for rows in self._database.chunks(query, splits):
            for row, attributes in rows:
                yield row, load_set(attributes)

    def write_texts(self, texts: Iterable[tuple[int, str, str]]) -> None:
        """Put captions beside attribute sets, all in one transaction.

        Args:
            texts: row, caption and its source.
        """
        with self._database.transaction():
            for row, caption, source in texts:
                self._database.execute('UPDATE captions SET caption=?, source=? WHERE rowid=?', (caption, source, row))

    def texts(self, split: str, modality: str) -> Iterator[tuple[str, str]]:
        """Item and caption of every picture that has one."""
        yield from self._database.execute(
            'SELECT item, caption FROM captions WHERE split=? AND modality=? AND caption IS NOT NULL ORDER BY rowid',
            (split, modality),
        )

    def all(self) -> Iterator[CaptionRow]:
        """Everything, in the dataset's order."""
        for split, item, modality, attributes, caption, source in self._database.execute(
            'SELECT split, item, modality, attributes, caption, source FROM captions ORDER BY rowid'
        ):
            yield CaptionRow(split, item, modality, load_set(attributes), caption, source)

    def triplets(self, splits: Sequence[str]) -> list[tuple[str, str]]:
        """(split, item) of every triplet with a caption, in the dataset's order."""
        return [
            (split, item)
            for split, item, _ in self._database.rows(
                'SELECT split, item, MIN(rowid) FROM captions '
                f'WHERE caption IS NOT NULL AND split IN ({marks(splits)}) GROUP BY split, item ORDER BY 3',
                splits,
            )
        ]

    def of_triplet(self, split: str, item: str) -> dict[str, str]:
        """Modality to caption."""
        rows = self._database.rows(
            'SELECT modality, caption FROM captions WHERE split=? AND item=? AND caption IS NOT NULL', (split, item)
        )
        return dict(rows)
