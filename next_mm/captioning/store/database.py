"""The SQLite file behind a store: opened, checked, written in transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from next_mm.captioning.store.tables import FORMAT, TABLES
from next_mm.errors import UserError

__all__ = ['LONGEST_WAIT', 'Database', 'StoreError', 'marks']

LONGEST_WAIT = 30.0
"""Seconds to wait for another program that holds the store."""
_CHUNK = 256

Row = tuple[Any, ...]


class StoreError(UserError):
    """A file that is no store, or a store that cannot be read or written; the text names it and says why."""


def marks(values: Sequence[object]) -> str:
    """Question marks for the values of an ``IN (...)``."""
    return ','.join('?' * len(values))


class Database:
    """An SQLite file with the tables of a store.

    Args:
        path: the file; made with its folder where it is not there.
        wait: seconds to wait for another program that holds it.

    Raises:
        StoreError: the file is something else, of a newer format, or held by another program.
    """

    def __init__(self, path: Path, wait: float = LONGEST_WAIT) -> None:
        self.path = path
        if path.exists() and not path.is_file():
            raise StoreError(f'{path}: a folder; the store is a file' if path.is_dir() else f'{path}: no plain file')
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # one writer: worker threads of the scan hand their results over, they do not write
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=wait)
        except sqlite3.OperationalError as error:
            raise StoreError(f'{path}: {_explain(error)}') from error
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise StoreError(f'{path}: {_explain(error)}') from error

    def _prepare(self) -> None:
        found = self.value('PRAGMA user_version')
        if found not in (0, FORMAT):
            raise StoreError(
                f'{self.path}: a store of format {found}, expected {FORMAT}; made by another version of next_mm?'
            )
        self.execute('PRAGMA journal_mode=WAL')
        self.execute('PRAGMA synchronous=NORMAL')
        if not found:
            self._connection.executescript(TABLES)
            self.execute(f'PRAGMA user_version={FORMAT}')

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def execute(self, query: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._connection.execute(query, tuple(values))

    def execute_many(self, query: str, rows: Iterable[Row]) -> None:
        """Run one statement for each row."""
        self._connection.executemany(query, rows)

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[Row]:
        """All rows of a query."""
        return self.execute(query, values).fetchall()

    def value(self, query: str, values: Iterable[Any] = ()) -> Any:
        """The first value of the first row of a query."""
        row = self.execute(query, values).fetchone()
        return None if row is None else row[0]

    def chunks(self, query: str, values: Sequence[Any] = (), row: str = 'rowid') -> Iterator[list[Row]]:
        """Rows of a query a few hundred at a time, so that the store may be written between them.

        Args:
            query: a SELECT with a WHERE, whose first column is the row number.
            values: of its question marks.
            row: name of the row number.
        """
        last = -1
        while rows := self.rows(f'{query} AND {row}>? ORDER BY {row} LIMIT {_CHUNK}', (*values, last)):
            last = rows[-1][0]
            yield rows

    def add_function(self, name: str, function: Any, arguments: int) -> None:
        """Make a pure Python function known to the statements."""
        self._connection.create_function(name, arguments, function, deterministic=True)

    @contextmanager
    def transaction(self, wait: float = LONGEST_WAIT) -> Iterator[None]:
        """A context that commits at its end and rolls back on an error.

        Args:
            wait: seconds to wait for another program that holds the store.

        Raises:
            StoreError: the store cannot be written.
        """
        try:
            self.execute(f'PRAGMA busy_timeout={round(1000 * wait)}')
            self.execute('BEGIN IMMEDIATE')
            yield
            self.execute('COMMIT')
        except sqlite3.OperationalError as error:
            raise StoreError(f'{self.path}: {_explain(error)}') from error
        finally:
            if self._connection.in_transaction:
                self.execute('ROLLBACK')

    @contextmanager
    def attached(self, other: Path) -> Iterator[None]:
        """A context in which the tables of another store are at hand as ``other.<table>``."""
        self.execute('ATTACH ? AS other', (str(other),))
        try:
            yield
        finally:
            self.execute('DETACH other')


def _explain(error: sqlite3.Error) -> str:
    if 'locked' in str(error):
        return f'another program holds the store ({error})'
    if isinstance(error, sqlite3.OperationalError):
        return f'cannot be read or written ({error})'
    return f'not a caption store ({error})'
