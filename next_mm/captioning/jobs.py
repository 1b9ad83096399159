"""What is asked and what comes of it: jobs, verdicts on answers, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from next_mm.captioning.endpoint import Reply
from next_mm.captioning.store import Answer


@dataclass(frozen=True)
class Verdict:
    """What an answer is worth: the answer as it would be kept, its rank among several, whether to ask again, and what to add then."""

    answer: Answer
    rank: int
    ask_again: bool = False
    complaint: str = ''


@dataclass(frozen=True)
class Job:
    """One question: what it is about, how it reads, and who judges the answer."""

    subject: str
    prompt: str
    messages: list[dict]
    judge: Callable[[Reply], Verdict]
    response_format: dict | None = None
    image_tokens: int = 0


@dataclass
class Tally:
    """Counts of one run: HTTP requests by outcome, answers by state, repairs by name, and the money."""

    requests: Counter = field(default_factory=Counter)
    answers: Counter = field(default_factory=Counter)
    notes: Counter = field(default_factory=Counter)
    cost: float = 0.0
