"""The rows of a gallery's file: named queries and their types."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from next_mm.errors import DataError
from next_mm.gallery.index import Rows
from next_mm.gallery.new_rows import NewRows
from next_mm.gallery.records import Entry, Filters
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace
from next_mm.triplet import MODALITIES, NUM_MODALITIES

__all__ = ['DTYPES', 'RowTable']

DTYPES = {'float32': np.float32, 'float16': np.float16}
COLUMNS = 'number, id, identity, camera, time, tracklet, is_mean, source, parts, captioned, extra'
NUM_COLUMNS = 11
BATCH = 4096
MARKS = 500
"""Values bound in one statement."""


class RowTable:
    """Reads and writes the rows of one gallery over a connection that the caller gives.

    Args:
        space: the feature space.
        dtype: of the features on disk, a key of :data:`DTYPES`.
    """

    def __init__(self, space: FeatureSpace, dtype: str) -> None:
        self.space = space
        self.dtype = DTYPES[dtype]

    def insert(
        self, db: sqlite3.Connection, features: FeatureSet, new: NewRows, rows: Sequence[int], *, is_mean: bool = False
    ) -> None:
        """Insert some rows of a feature set behind all others."""
        weights = 2 ** np.arange(NUM_MODALITIES)
        parts, captioned = (features.parts @ weights).tolist(), features.captioned.tolist()
        start = db.execute("SELECT seq FROM sqlite_sequence WHERE name='entry'").fetchone()
        first = (start[0] if start else 0) + 1
        sources = features.sources or [''] * len(features)
        db.executemany(
            f'INSERT INTO entry ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
            [
                (
                    first + place, features.ids[row], new.identity[row], new.camera[row], new.time[row],
                    new.tracklet[row], int(is_mean), sources[row], parts[row], int(captioned[row]), new.extra[row],
                )
                for place, row in enumerate(rows)
            ],
        )  # fmt: skip
        values = features.features.astype(self.dtype)
        free = None if features.text_free is None else features.text_free.astype(self.dtype)
        db.executemany(
            'INSERT INTO feature VALUES (?, ?, ?)',
            [
                (
                    first + place,
                    values[row].tobytes(),
                    free[row].tobytes() if free is not None and captioned[row] else None,
                )
                for place, row in enumerate(rows)
            ],
        )

    def find(self, db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
        """Return the numbers of the ids that are there."""
        found: dict[str, int] = {}
        for part in _parts(ids):
            marks = ','.join('?' * len(part))
            found.update(db.execute(f'SELECT id, number FROM entry WHERE is_mean=0 AND id IN ({marks})', part))
        return found

    def find_all(self, db: sqlite3.Connection, filters: Filters) -> list[int]:
        """Return the numbers of the entries that pass filters, in ascending order."""
        clauses = {
            'camera': 'camera=?', 'not_camera': 'camera IS NOT ?', 'after': 'time>=?', 'before': 'time<?',
            'identity': 'identity=?', 'tracklet': 'tracklet=?',
        }  # fmt: skip
        given = filters.given()
        condition = ''.join(f' AND {clauses[name]}' for name in given)
        query = f'SELECT number FROM entry WHERE is_mean=0{condition} ORDER BY number'
        return [number for (number,) in db.execute(query, list(given.values()))]

    def erase(self, db: sqlite3.Connection, numbers: Sequence[int]) -> set[str]:
        """Delete rows; return the tracklets that they belonged to."""
        tracklets: set[str] = set()
        for part in _parts(numbers):
            marks = ','.join('?' * len(part))
            query = f'SELECT DISTINCT tracklet FROM entry WHERE tracklet IS NOT NULL AND number IN ({marks})'
            tracklets |= {name for (name,) in db.execute(query, part)}
            db.execute(f'DELETE FROM feature WHERE number IN ({marks})', part)
            db.execute(f'DELETE FROM entry WHERE number IN ({marks})', part)
        if len(numbers):
            db.execute("UPDATE meta SET value=CAST(value AS INTEGER)+1 WHERE key='generation'")
        return tracklets

    def mean_of(self, db: sqlite3.Connection, tracklet: str) -> list[int]:
        """Return the number of a tracklet's mean, if it has one."""
        query = 'SELECT number FROM entry WHERE tracklet=? AND is_mean=1'
        return [number for (number,) in db.execute(query, (tracklet,))]

    def crops_of(self, db: sqlite3.Connection, tracklet: str) -> tuple[list[Entry], FeatureSet | None]:
        """Return the crops of a tracklet with their features."""
        rows = db.execute(
            f'SELECT {COLUMNS}, value, text_free FROM entry JOIN feature USING (number) '
            'WHERE tracklet=? AND is_mean=0 ORDER BY number',
            (tracklet,),
        ).fetchall()
        return self._with_features(rows) if rows else ([], None)

    def entries(self, db: sqlite3.Connection, ids: Sequence[str]) -> list[Entry]:
        """Return entries by id.

        Raises:
            DataError: an id is not there.
        """
        return [_entry(row) for row in self._by_id(db, ids, COLUMNS, 'entry')]

    def features(self, db: sqlite3.Connection, ids: Sequence[str]) -> FeatureSet:
        """Return features by id.

        Raises:
            DataError: an id is not there.
        """
        table = 'entry JOIN feature USING (number)'
        return self._with_features(self._by_id(db, ids, f'{COLUMNS}, value, text_free', table))[1]

    def _by_id(self, db: sqlite3.Connection, ids: Sequence[str], columns: str, table: str) -> list[tuple]:
        rows: dict[str, tuple] = {}
        for part in _parts(ids):
            marks = ','.join('?' * len(part))
            query = (
                f'SELECT {columns} FROM {table} WHERE id IN ({marks}) ORDER BY is_mean DESC'  # an entry before a mean
            )
            rows.update((row[1], row) for row in db.execute(query, part))
        missing = [name for name in ids if name not in rows]
        if missing:
            raise DataError(f'{len(missing)} of {len(ids)} ids are not in the gallery, the first: {missing[0]!r}')
        return [rows[name] for name in ids]

    def by_number(self, db: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, Entry]:
        """Return those entries that are there, by number."""
        found: dict[int, Entry] = {}
        for part in _parts(numbers):
            marks = ','.join('?' * len(part))
            for row in db.execute(f'SELECT {COLUMNS} FROM entry WHERE number IN ({marks})', part):
                found[row[0]] = _entry(row)
        return found

    def iterate(self, db: sqlite3.Connection, batch: int) -> Iterator[tuple[list[Entry], FeatureSet]]:
        """Yield all entries with their features, in the order of adding."""
        last = 0
        while rows := db.execute(
            f'SELECT {COLUMNS}, value, text_free FROM entry JOIN feature USING (number) '
            'WHERE number>? AND is_mean=0 ORDER BY number LIMIT ?',
            (last, batch),
        ).fetchall():
            last = rows[-1][0]
            yield self._with_features(rows)

    def _with_features(self, rows: Sequence[tuple]) -> tuple[list[Entry], FeatureSet]:
        """Return entries and features of rows that end with ``value, text_free``."""
        entries = [_entry(row) for row in rows]
        values = self._decode(row[-2] for row in rows).astype(np.float32)
        free = self._decode(row[-1] or row[-2] for row in rows).astype(np.float32)
        parts = np.array([[name in entry.parts for name in MODALITIES] for entry in entries], bool)
        parts = parts.reshape(-1, NUM_MODALITIES)
        captioned = np.array([entry.text for entry in entries], bool)
        features = FeatureSet(
            self.space,
            [entry.id for entry in entries],
            values,
            parts,
            parts & captioned[:, None],
            free if captioned.any() else None,
            [entry.source for entry in entries],
        )
        return entries, features

    def load(self, db: sqlite3.Connection, after: int) -> Iterator[Rows]:
        """Yield all rows with a number above ``after``, for the index."""
        cursor = db.execute(
            'SELECT number, identity, camera, tracklet, time, is_mean, parts, captioned, value, text_free '
            'FROM entry JOIN feature USING (number) WHERE number>? ORDER BY number',
            (after,),
        )
        while rows := cursor.fetchmany(BATCH):
            number, identity, camera, tracklet, time, is_mean, parts, captioned, value, free = zip(*rows)
            values = self._decode(value)
            text_free = self._decode(other or own for own, other in zip(value, free)) if any(captioned) else values
            times = np.array([np.nan if when is None else when for when in time])
            yield Rows(
                np.array(number, np.int64), identity, camera, tracklet, times, np.array(is_mean, bool),
                np.array(parts, np.uint8), np.array(captioned, bool), values, text_free,
            )  # fmt: skip

    def _decode(self, blobs: Any) -> np.ndarray:
        """Return (N, F) features of N blobs."""
        return np.frombuffer(bytearray().join(blobs), self.dtype).reshape(-1, self.space.dim)


def _parts(values: Sequence) -> Iterator[list]:
    for start in range(0, len(values), MARKS):
        yield list(values[start : start + MARKS])


def _entry(row: tuple) -> Entry:
    """Return the entry of a row that begins with :data:`COLUMNS`."""
    _, name, identity, camera, time, tracklet, _, source, parts, captioned, extra = row[:NUM_COLUMNS]
    present = tuple(modality for bit, modality in enumerate(MODALITIES) if parts >> bit & 1)
    return Entry(name, identity, camera, time, tracklet, source, present, bool(captioned), json.loads(extra))
