"""The SQLite file of a gallery: connections, transactions, and the values that describe the gallery."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from next_mm.errors import DataError

__all__ = ['FILE', 'SQLiteFile']

FILE = 'gallery.sqlite'
VERSION = 1


class SQLiteFile:
    """One connection a thread to a gallery's file; a write is on disk when its transaction ends.

    Args:
        folder: the gallery's folder.
        values: what describes a new gallery; ``None`` opens one that is there.

    Raises:
        DataError: there is no gallery, or the file is damaged or of another version.
    """

    def __init__(self, folder: Path, values: Mapping[str, Any] | None) -> None:
        self.path = folder / FILE
        self._lock = threading.RLock()
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        if not self.path.exists():
            if values is None:
                raise DataError(f'{folder}: no gallery there ({FILE} is missing)')
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._create(values)
        except sqlite3.DatabaseError as error:
            raise DataError(f'{self.path}: cannot be read as a gallery: {error}') from error
        os.chmod(self.path, 0o600)
        if self.meta('version', None) != VERSION:
            raise DataError(f'{self.path}: expected a gallery of version {VERSION}, got {self.meta("version", None)!r}')

    def _create(self, values: Mapping[str, Any] | None) -> None:
        with self.transaction() as db:
            if db.execute("SELECT 1 FROM sqlite_master WHERE name='meta'").fetchone():
                return
            if values is None:
                raise DataError(f'{self.path}: an empty file, no gallery')
            for statement in Path(__file__).with_name('schema.sql').read_text(encoding='utf-8').split(';'):
                db.execute(statement)
            for key, value in {**values, 'version': VERSION, 'generation': 0}.items():
                self.set_meta(key, value)

    @property
    def db(self) -> sqlite3.Connection:
        """The calling thread's connection."""
        db = getattr(self._local, 'db', None)
        if db is None:
            db = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
            db.execute('PRAGMA journal_mode=WAL')
            db.execute('PRAGMA synchronous=FULL')
            db.execute('PRAGMA secure_delete=ON')  # deleted bytes are overwritten with zeros
            self._local.db = db
            with self._lock:
                self._connections.append(db)
        return db

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all or nothing; one writer at a time, other processes wait up to a minute."""
        db = self.db
        db.execute('BEGIN IMMEDIATE')
        try:
            yield db
        except BaseException:
            db.execute('ROLLBACK')
            raise
        db.execute('COMMIT')

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read one state of the file, whatever others write meanwhile."""
        db = self.db
        db.execute('BEGIN')
        try:
            yield db
        finally:
            db.execute('COMMIT')

    def meta(self, key: str, default: Any) -> Any:
        """Return a value that describes the gallery."""
        row = self.db.execute('SELECT value FROM meta WHERE key=?', (key,)).fetchone()
        return json.loads(row[0]) if row else default

    def set_meta(self, key: str, value: Any) -> None:
        """Set such a value, inside a transaction."""
        self.db.execute('INSERT OR REPLACE INTO meta VALUES (?, ?)', (key, json.dumps(value)))

    def empty_log(self) -> bool:
        """Bring the write-ahead log into the file and empty it; false while another process reads."""
        busy, _, _ = self.db.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()
        return not busy

    def vacuum(self) -> None:
        """Write the file anew, without free pages.

        Raises:
            DataError: another process uses the gallery.
        """
        try:
            self.db.execute('VACUUM')
        except sqlite3.OperationalError as error:
            raise DataError(f'{self.path}: cannot be compacted while another process uses it: {error}') from error
        if not self.empty_log():
            raise DataError(f'{self.path}: another process reads the gallery; compact again when it has ended')

    def size(self) -> int:
        """Return the bytes on disk."""
        files = [self.path, self.path.with_name(FILE + '-wal')]
        return sum(path.stat().st_size for path in files if path.exists())

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for db in self._connections:
                db.close()
            self._connections.clear()
            self._local = threading.local()
