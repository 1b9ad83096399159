"""The durable store of a caption run: one SQLite file that survives a kill and merges with others."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

FORMAT = 1
USABLE = ('complete', 'partial')
"""States of an answer that can be used."""
FAILED = ('refused', 'invalid', 'rejected')
"""States of an answer that is not asked for again but on request. ``unreached`` is asked again by the next run."""

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
        ValueError: the file is something else, or of a newer format.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # one writer: worker threads of the scan hand their results over, they do not write
        self.db = sqlite3.connect(self.path, isolation_level=None, timeout=30)
        try:
            found = self.db.execute('PRAGMA user_version').fetchone()[0]
            if found not in (0, FORMAT):
                raise ValueError(f'{self.path}: a store of format {found}, expected {FORMAT}; made by another version of next_mm?')
            self.db.execute('PRAGMA journal_mode=WAL')
            self.db.execute('PRAGMA synchronous=NORMAL')
            self.db.executescript(_TABLES)
            self.db.execute(f'PRAGMA user_version={FORMAT}')
        except sqlite3.DatabaseError as error:
            self.db.close()
            raise ValueError(f'{self.path}: not a caption store ({error})') from error

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record(self, subject: str, model: str, prompt: str, request: Request | None, answer: Answer | None) -> None:
        """Write down a request and, once there is one, the answer, in one transaction."""
        with self.transaction():
            if request is not None:
                self.db.execute(
                    'INSERT INTO requests VALUES(?,?,?,?,?,?,?,?,?,?)',
                    (
                        secrets.token_hex(12),
                        subject,
                        model,
                        prompt,
                        request.outcome,
                        request.tokens_in,
                        request.tokens_out,
                        request.cost,
                        request.seconds,
                        time.time(),
                    ),
                )
            if answer is not None:
                self.db.execute(
                    'INSERT OR REPLACE INTO answers VALUES(?,?,?,?,?,?,?)',
                    (
                        subject,
                        model,
                        prompt,
                        answer.status,
                        answer.raw,
                        answer.parsed,
                        json.dumps(answer.notes, ensure_ascii=False) if answer.notes else '',
                    ),
                )

    def transaction(self) -> _Transaction:
        """A context that commits at its end and rolls back on an error."""
        return _Transaction(self.db)

    def answers(self, prompts: Iterable[str], model: str | None = None) -> Iterator[tuple[str, str, str, Answer]]:
        """(subject, model, prompt, answer) of every answer to one of ``prompts``, in the order of the subjects."""
        prompts = list(prompts)
        marks = ','.join('?' * len(prompts))
        only = ' AND model=?' if model else ''
        rows = self.db.execute(
            f'SELECT * FROM answers WHERE prompt IN ({marks}){only} ORDER BY subject, model', (*prompts, *([model] if model else []))
        )
        for subject, name, prompt, status, raw, parsed, notes in rows:
            yield subject, name, prompt, Answer(status, raw, parsed, json.loads(notes) if notes else {})

    def answer(self, subject: str, model: str, prompt: str) -> Answer | None:
        """One answer, or ``None``."""
        row = self.db.execute(
            'SELECT status, raw, parsed, notes FROM answers WHERE subject=? AND model=? AND prompt=?', (subject, model, prompt)
        ).fetchone()
        return None if row is None else Answer(row[0], row[1], row[2], json.loads(row[3]) if row[3] else {})

    def spent(self, model: str | None = None) -> float:
        """US dollars spent so far, in all runs on this store."""
        query, values = (
            ('SELECT TOTAL(cost) FROM requests', ()) if model is None else ('SELECT TOTAL(cost) FROM requests WHERE model=?', (model,))
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
            FileNotFoundError, ValueError: no such file, or not a store.
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


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db

    def __enter__(self) -> None:
        self.db.execute('BEGIN IMMEDIATE')

    def __exit__(self, kind: type | None, *_: object) -> None:
        self.db.execute('COMMIT' if kind is None else 'ROLLBACK')
