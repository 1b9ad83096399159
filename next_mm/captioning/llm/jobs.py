"""What is asked and what comes of it: jobs, judgements of answers, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from next_mm.captioning.llm.replies import Message, Reply
from next_mm.captioning.store import Answer

__all__ = ['Counts', 'Job', 'Judgement']


@dataclass(frozen=True)
class Judgement:
    """What an answer is worth.

    Attributes:
        answer: as it would be kept.
        rank: among several answers to one question.
        ask_again: whether another answer may be better.
        complaint: what to add then.
    """

    answer: Answer
    rank: int
    ask_again: bool = False
    complaint: str = ''


@dataclass(frozen=True)
class Job:
    """One question.

    Attributes:
        subject: key of what it is about.
        prompt: version of the question.
        messages: how it reads.
        judge: reads an answer.
        keep: what may be kept of an answer that could not be read: its text, bare of plates.
        response_format: the form that is asked for.
        image_tokens: what its picture counts for.
    """

    subject: str
    prompt: str
    messages: Sequence[Message]
    judge: Callable[[Reply], Judgement]
    keep: Callable[[str], str] = str
    response_format: Mapping[str, Any] | None = None
    image_tokens: int = 0


@dataclass
class Counts:
    """Counts of one run: HTTP requests by outcome, answers by state, repairs by name, and the money."""

    requests: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    cost: float = 0.0
