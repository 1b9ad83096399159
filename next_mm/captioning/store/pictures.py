"""Pictures of a store: which there are, what their keys are, which cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from next_mm.captioning.store.database import Database, marks
from next_mm.captioning.store.tables import USABLE, Picture
from next_mm.utils.text import encodable

__all__ = ['KnownFile', 'Pictures', 'ReadFile', 'UnreadablePicture']


class KnownFile(NamedTuple):
    """A picture's file as the store knows it; size and time are those of its last reading."""

    row: int
    path: str
    panel: int
    size: int | None
    mtime: int | None


class ReadFile(NamedTuple):
    """What was found at a picture's place: its key, or the problem."""

    size: int | None
    mtime: int | None
    key: str | None
    problem: str | None
    row: int


class UnreadablePicture(NamedTuple):
    """A picture that cannot be used, and why."""

    split: str
    item: str
    modality: str
    path: str
    problem: str


class Pictures:
    """Named queries over the table ``pictures``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enter(self, pictures: Iterable[Picture], splits: Sequence[str]) -> int:
        """Bring the list up to date; pictures that are gone from the dataset leave it, their answers stay.

        Returns:
            How many there are.
        """
        database = self._database
        with database.transaction():
            database.execute(
                'CREATE TEMP TABLE IF NOT EXISTS listed'
                '(split TEXT, item TEXT, modality TEXT, PRIMARY KEY(split, item, modality))'
            )
            database.execute('DELETE FROM listed')
            for picture in pictures:
                database.execute('INSERT OR REPLACE INTO listed VALUES(?,?,?)', picture[:3])
                database.execute(
                    'INSERT INTO pictures(split, item, modality, identity, path, panel) VALUES(?,?,?,?,?,?) '
                    'ON CONFLICT DO UPDATE SET identity=excluded.identity, '
                    'size=CASE WHEN path=excluded.path AND panel=excluded.panel THEN size END, '
                    'path=excluded.path, panel=excluded.panel',
                    picture,
                )
            for table in ('pictures', 'captions'):
                database.execute(
                    f'DELETE FROM {table} WHERE split IN ({marks(splits)}) '
                    'AND (split, item, modality) NOT IN (SELECT * FROM listed)',
                    splits,
                )
            return database.value(f'SELECT COUNT(*) FROM pictures WHERE split IN ({marks(splits)})', splits)

    def files(self, splits: Sequence[str]) -> list[KnownFile]:
        """The files of all pictures, in the dataset's order."""
        query = f'SELECT rowid, path, panel, size, mtime FROM pictures WHERE split IN ({marks(splits)}) ORDER BY rowid'
        return [KnownFile(*row) for row in self._database.rows(query, splits)]

    def write_files(self, files: Sequence[ReadFile]) -> None:
        """Write down what was found."""
        with self._database.transaction():
            self._database.execute_many(
                'UPDATE pictures SET size=?, mtime=?, picture=?, problem=? WHERE rowid=?', files
            )

    def write_problems(self, problems: Mapping[int, str]) -> None:
        """Write down pictures that turned out to be unusable; that is forgotten once the file changes.

        Args:
            problems: row of the picture to what is wrong with it.
        """
        if problems:
            with self._database.transaction():
                self._database.execute_many(
                    'UPDATE pictures SET problem=? WHERE rowid=?',
                    [(encodable(text), row) for row, text in problems.items()],
                )

    def unreadable(self, splits: Sequence[str]) -> Iterator[UnreadablePicture]:
        """Pictures that cannot be used and have no answer from a time when they could."""
        rows = self._database.execute(
            'SELECT p.split, p.item, p.modality, p.path, p.problem FROM pictures p WHERE p.problem IS NOT NULL '
            f'AND p.split IN ({marks(splits)}) '
            f'AND NOT EXISTS(SELECT 1 FROM answers a WHERE a.subject=p.picture AND a.status IN ({marks(USABLE)})) '
            'ORDER BY p.rowid',
            (*splits, *USABLE),
        )
        yield from map(UnreadablePicture._make, rows)

    def of_split(self, split: str) -> Iterator[tuple[str, str, str, str | None]]:
        """(item, modality, identity, key) of every picture, triplet by triplet, in the dataset's order."""
        yield from self._database.execute(
            'SELECT item, modality, identity, picture FROM pictures WHERE split=? ORDER BY rowid', (split,)
        )

    def place(self, split: str, item: str) -> dict[str, tuple[str, int, str]]:
        """Modality to (path, panel, key) of the readable pictures of a triplet."""
        rows = self._database.rows(
            'SELECT modality, path, panel, picture FROM pictures '
            'WHERE split=? AND item=? AND picture IS NOT NULL AND problem IS NULL',
            (split, item),
        )
        return {modality: (path, panel, key) for modality, path, panel, key in rows}

    def splits(self) -> set[str]:
        """The splits that have been listed."""
        return {split for (split,) in self._database.rows('SELECT DISTINCT split FROM pictures')}

    def count_triplets(self) -> int:
        """How many triplets there are."""
        return self._database.value('SELECT COUNT(*) FROM (SELECT DISTINCT split, item FROM pictures)')

    def count_different(self) -> int:
        """How many different pictures there are."""
        return self._database.value('SELECT COUNT(DISTINCT picture) FROM pictures WHERE picture IS NOT NULL')
