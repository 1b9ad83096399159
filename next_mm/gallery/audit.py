"""The audit log: who did what and when, each line bound to the one before by a hash."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from next_mm.errors import DataError

__all__ = ['CALLER', 'AuditLine', 'append_audit', 'read_audit', 'verify_audit']

CALLER: ContextVar[str | None] = ContextVar('caller', default=None)
"""Who asks for what the current task does; ``None`` is whoever opened the gallery."""


@dataclass(frozen=True)
class AuditLine:
    """One operation: its number, time (seconds since 1970), the name of who called, and what it was about."""

    sequence: int
    time: float
    who: str
    operation: str
    detail: Mapping[str, Any]
    hash: str


def append_audit(db: sqlite3.Connection, who: str, operation: str, detail: Mapping[str, Any]) -> None:
    """Append a line inside the caller's transaction; pictures and features never go in."""
    last = db.execute('SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1').fetchone()
    who = CALLER.get() or who
    now, text = time.time(), json.dumps(detail, ensure_ascii=True, sort_keys=True)
    digest = _hash(last[0] if last else '', now, who, operation, text)
    db.execute(
        'INSERT INTO audit (time, who, operation, detail, hash) VALUES (?, ?, ?, ?, ?)',
        (now, who, operation, text, digest),
    )


def read_audit(db: sqlite3.Connection) -> Iterator[AuditLine]:
    """Yield the lines in their order."""
    for sequence, when, who, operation, detail, digest in db.execute('SELECT * FROM audit ORDER BY sequence'):
        yield AuditLine(sequence, when, who, operation, json.loads(detail), digest)


def verify_audit(db: sqlite3.Connection) -> int:
    """Return the number of lines.

    Raises:
        DataError: a line was changed, or one is missing between others.
    """
    previous, expected = '', 1
    for sequence, when, who, operation, detail, digest in db.execute('SELECT * FROM audit ORDER BY sequence'):
        if sequence != expected or digest != _hash(previous, when, who, operation, detail):
            raise DataError(
                f'audit log: line {expected} does not follow from the line before it: it was changed or removed'
            )
        previous, expected = digest, expected + 1
    return expected - 1


def _hash(previous: str, when: float, who: str, operation: str, detail: str) -> str:
    line = json.dumps([previous, when, who, operation, detail], ensure_ascii=True)
    return hashlib.sha256(line.encode()).hexdigest()
