"""The durable store of a caption run: one SQLite file that survives a kill and merges with others."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from next_mm.errors import UserError

FORMAT = 1
USABLE = ('complete', 'partial')
"""States of an answer that can be used."""
FAILED = ('refused', 'invalid', 'rejected')
"""States of an answer that is not asked for again but on request. ``unreached`` is asked again by the next run."""

LONGEST_WAIT = 30.0
"""Seconds to wait for another program that holds the store."""

_TABLES = """
CREATE TABLE IF NOT EXISTS pictures(
    split TEXT, item TEXT, modality TEXT, identity TEXT, path TEXT, panel INTEGER, size INTEGER, mtime INTEGER, picture TEXT, problem TEXT,
    PRIMARY KEY(split, item, modality));
CREATE INDEX IF NOT EXISTS by_picture ON pictures(picture, modality);
CREATE TABLE IF NOT EXISTS answers(
    subject TEXT, model TEXT, prompt TEXT, status TEXT, raw TEXT, parsed TEXT, notes TEXT,
    PRIMARY KEY(subject, model, prompt));
CREATE TABLE IF NOT EXISTS requests(
    id TEXT PRIMARY KEY, subject TEXT, model TEXT, prompt TEXT, outcome TEXT, tokens_in INTEGER, tokens_out INTEGER, cost REAL,
    seconds REAL, at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS captions(
    split TEXT, item TEXT, modality TEXT, attributes TEXT, caption TEXT, source TEXT, PRIMARY KEY(split, item, modality));
"""


class StoreError(UserError):
    """A file that is no store, or a store that cannot be read or written; the text names it and says why."""


@dataclass(frozen=True)
class Request:
    """One HTTP request as it went: outcome, tokens, cost in US dollars, seconds."""

    outcome: str
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What became of a question: state, the text as kept (plates taken out), what was read from it, and repairs by name."""

    status: str
    raw: str = ''
    parsed: str = ''
    notes: dict[str, int] = field(default_factory=dict)


class Store:
    """The SQLite file. Every answer is committed on its own before the next is looked at.

    Args:
        path: the file; made with its folder where it is not there.

    Raises:
        StoreError: the file is something else, of a newer format, or held by another program.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise StoreError(f'{self.path}: a folder; the store is a file')
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            # one writer: worker threads of the scan hand their results over, they do not write
            self.db = sqlite3.connect(self.path, isolation_level=None, timeout=LONGEST_WAIT)
        except sqlite3.OperationalError as error:
            raise StoreError(f'{self.path}: {_explain(error)}') from error
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self.db.close()
            raise StoreError(f'{self.path}: {_explain(error)}') from error

    def _prepare(self) -> None:
        found = self.db.execute('PRAGMA user_version').fetchone()[0]
        if found not in (0, FORMAT):
            raise StoreError(
                f'{self.path}: a store of format {found}, expected {FORMAT}; made by another version of next_mm?'
            )
        self.db.execute('PRAGMA journal_mode=WAL')
        self.db.execute('PRAGMA synchronous=NORMAL')
        if not found:
            self.db.executescript(_TABLES)
            self.db.execute(f'PRAGMA user_version={FORMAT}')

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record(
        self,
        subject: str,
        model: str,
        prompt: str,
        request: Request | None,
        answer: Answer | None,
        wait: float = LONGEST_WAIT,
    ) -> None:
        """Write down a request and, once there is one, the answer, in one transaction.

        Args:
            wait: seconds to wait for another program that holds the store.

        Raises:
            StoreError: nothing was written.
        """
        with self.transaction(wait):
            if request is not None:
                row = (request.outcome, request.tokens_in, request.tokens_out, request.cost, request.seconds)
                self.db.execute(
                    'INSERT INTO requests VALUES(?,?,?,?,?,?,?,?,?,?)',
                    (secrets.token_hex(12), subject, model, prompt, *row, time.time()),
                )
            if answer is not None:
                notes = json.dumps(answer.notes, ensure_ascii=False) if answer.notes else ''
                self.db.execute(
                    'INSERT OR REPLACE INTO answers VALUES(?,?,?,?,?,?,?)',
                    (subject, model, prompt, answer.status, answer.raw, answer.parsed, notes),
                )

    @contextmanager
    def transaction(self, wait: float = LONGEST_WAIT) -> Iterator[None]:
        """A context that commits at its end and rolls back on an error.

        Args:
            wait: seconds to wait for another program that holds the store.

        Raises:
            StoreError: the store cannot be written.
        """
        try:
            self.db.execute(f'PRAGMA busy_timeout={round(1000 * wait)}')
            self.db.execute('BEGIN IMMEDIATE')
            yield
            self.db.execute('COMMIT')
        except sqlite3.OperationalError as error:
            raise StoreError(f'{self.path}: {_explain(error)}') from error
        finally:
            if self.db.in_transaction:
                self.db.execute('ROLLBACK')

    def answers(self, prompts: Iterable[str], model: str | None = None) -> Iterator[tuple[str, str, str, Answer]]:
        """(subject, model, prompt, answer) of every answer to one of ``prompts``, in the order of the subjects."""
        prompts = list(prompts)
        marks = ','.join('?' * len(prompts))
        only = ' AND model=?' if model else ''
        rows = self.db.execute(
            f'SELECT * FROM answers WHERE prompt IN ({marks}){only} ORDER BY subject, model',
            (*prompts, *([model] if model else [])),
        )
        for subject, name, prompt, status, raw, parsed, notes in rows:
            yield subject, name, prompt, Answer(status, raw, parsed, json.loads(notes) if notes else {})

    def answer(self, subject: str, model: str, prompt: str) -> Answer | None:
        """One answer, or ``None``."""
        row = self.db.execute(
            'SELECT status, raw, parsed, notes FROM answers WHERE subject=? AND model=? AND prompt=?',
            (subject, model, prompt),
        ).fetchone()
        return None if row is None else Answer(row[0], row[1], row[2], json.loads(row[3]) if row[3] else {})

    def spent(self, model: str | None = None) -> float:
        """US dollars spent so far, in all runs on this store."""
        query, values = (
            ('SELECT TOTAL(cost) FROM requests', ())
            if model is None
            else ('SELECT TOTAL(cost) FROM requests WHERE model=?', (model,))
        )
        return self.db.execute(query, values).fetchone()[0]

    def most_tokens(self, model: str) -> tuple[int, int]:
        """The most tokens that a request of ``model`` took in and gave out."""
        row = self.db.execute('SELECT MAX(tokens_in), MAX(tokens_out) FROM requests WHERE model=?', (model,)).fetchone()
        return row[0] or 0, row[1] or 0

    def absorb(self, other: str | Path) -> int:
        """Take over the answers and requests of another store; what both have stays, a usable answer beats a failed one.

        Returns:
            How many answers came in.

        Raises:
            FileNotFoundError, StoreError: no such file, or not a store.
        """
        if not Path(other).is_file():
            raise FileNotFoundError(f'no store {other}')
        Store(other).close()  # its format is checked, its log folded in
        self.db.execute('ATTACH ? AS other', (str(other),))
        try:
            with self.transaction():
                usable = ','.join(f"'{status}'" for status in USABLE)
                count = self.db.execute(
                    f'INSERT OR REPLACE INTO main.answers SELECT o.* FROM other.answers o LEFT JOIN main.answers m USING(subject, model, prompt) '
                    f'WHERE m.status IS NULL OR (m.status NOT IN ({usable}) AND o.status IN ({usable}))'
                ).rowcount
                self.db.execute('INSERT OR IGNORE INTO main.requests SELECT * FROM other.requests')
        finally:
            self.db.execute('DETACH other')
        return count


def _explain(error: sqlite3.Error) -> str:
    if 'locked' in str(error):
        return f'another program holds the store ({error})'
    return (
        f'cannot be read or written ({error})'
        if isinstance(error, sqlite3.OperationalError)
        else f'not a caption store ({error})'
    )
