"""Requests of a store: what each HTTP request took and cost."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Sequence
from typing import NamedTuple

from next_mm.captioning.store.database import Database, marks
from next_mm.captioning.store.tables import Request

__all__ = ['MeanTokens', 'RequestTotals', 'Requests']

_LARGEST = 2**63 - 1
"""The largest number that SQLite holds."""


class MeanTokens(NamedTuple):
    """Tokens of an average request, and requests for each question (some are asked twice)."""

    tokens_in: float
    tokens_out: float
    per_question: float


class RequestTotals(NamedTuple):
    """Requests of one model with one outcome."""

    model: str
    outcome: str
    requests: int
    tokens_in: int
    tokens_out: int
    cost: float


class Requests:
    """Named queries over the table ``requests``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, subject: str, model: str, prompt: str, request: Request) -> None:
        """Write one down."""
        tokens = (min(max(0, count), _LARGEST) for count in (request.tokens_in, request.tokens_out))
        cost = max(0.0, request.cost) if math.isfinite(request.cost) else 0.0
        self._database.execute(
            'INSERT INTO requests VALUES(?,?,?,?,?,?,?,?,?,?)',
            (
                secrets.token_hex(12),
                subject,
                model,
                prompt,
                request.outcome,
                *tokens,
                cost,
                request.seconds,
                time.time(),
            ),
        )

    def spent(self) -> float:
        """US dollars spent in all runs on this store; what a server once gave as a credit does not count."""
        return self._database.value('SELECT TOTAL(MAX(cost, 0)) FROM requests')

    def most_tokens(self, model: str) -> tuple[int, int]:
        """The most tokens that a request of ``model`` took in and gave out."""
        query = 'SELECT MAX(tokens_in), MAX(tokens_out) FROM requests WHERE model=?'
        most_in, most_out = self._database.rows(query, (model,))[0]
        return most_in or 0, most_out or 0

    def mean_tokens(self, model: str, prompts: Sequence[str]) -> MeanTokens | None:
        """Means over the requests of ``model`` whose tokens were counted; ``None`` where there are none."""
        count, mean_in, mean_out, questions = self._database.rows(
            'SELECT COUNT(*), AVG(tokens_in), AVG(tokens_out), COUNT(DISTINCT subject) FROM requests '
            f'WHERE model=? AND prompt IN ({marks(prompts)}) AND tokens_in>0',
            (model, *prompts),
        )[0]
        return MeanTokens(mean_in, mean_out, count / questions) if count else None

    def totals(self) -> list[RequestTotals]:
        """Sums by model and outcome."""
        rows = self._database.rows(
            'SELECT model, outcome, COUNT(*), TOTAL(tokens_in), TOTAL(tokens_out), TOTAL(cost) FROM requests '
            'GROUP BY model, outcome ORDER BY 1, 2'
        )
        return [
            RequestTotals(model, outcome, count, round(tokens_in), round(tokens_out), cost)
            for model, outcome, count, tokens_in, tokens_out, cost in rows
        ]
