"""The schema of a caption store: its tables, the states of an answer, and the rows that come and go as objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ['CUT_OFF', 'FAILED', 'FORMAT', 'RECEIVED', 'TABLES', 'USABLE', 'Answer', 'Picture', 'Request']

FORMAT = 1

USABLE = ('complete', 'partial')
"""States of an answer that can be used."""
FAILED = ('refused', 'invalid', 'rejected')
"""States of an answer that is not asked for again but on request. ``unreached`` is asked again by the next run."""
RECEIVED = 'received'
"""State of an answer that came and that a fault of the program kept from being read: read again by the next run, not
asked again.
"""

CUT_OFF = 'stopped at the token limit'
"""The note of an answer that ends where its tokens did."""

TABLES = """
CREATE TABLE IF NOT EXISTS pictures(
    split TEXT, item TEXT, modality TEXT, identity TEXT, path TEXT, panel INTEGER, size INTEGER, mtime INTEGER,
    picture TEXT, problem TEXT,
    PRIMARY KEY(split, item, modality));
CREATE INDEX IF NOT EXISTS by_picture ON pictures(picture, modality);
CREATE TABLE IF NOT EXISTS answers(
    subject TEXT, model TEXT, prompt TEXT, status TEXT, raw TEXT, parsed TEXT, notes TEXT,
    PRIMARY KEY(subject, model, prompt));
CREATE TABLE IF NOT EXISTS requests(
    id TEXT PRIMARY KEY, subject TEXT, model TEXT, prompt TEXT, outcome TEXT, tokens_in INTEGER, tokens_out INTEGER,
    cost REAL, seconds REAL, at REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS captions(
    split TEXT, item TEXT, modality TEXT, attributes TEXT, caption TEXT, source TEXT,
    PRIMARY KEY(split, item, modality));
"""
"""``answers.subject`` is the key of a picture or of an attribute set, ``answers.prompt`` the version of the question.
"""


class Picture(NamedTuple):
    """One picture of a triplet. ``panel`` is its place in a file that holds all three side by side, -1 for a file of
    its own.
    """

    split: str
    item: str
    modality: str
    identity: str
    path: str
    panel: int


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
    """What became of a question: state, the text as kept (plates taken out), what was read from it, and repairs by
    name.
    """

    status: str
    raw: str = ''
    parsed: str = ''
    notes: dict[str, int] = field(default_factory=dict)
