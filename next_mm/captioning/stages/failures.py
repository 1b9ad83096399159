"""What has no usable answer: picture by picture with the reason, and in a few lines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from next_mm.captioning.context import CaptionContext
from next_mm.utils.files import write_atomically
from next_mm.utils.text import printable

__all__ = ['Failure', 'FailureSummary', 'failures_path', 'iterate_failures', 'summarize_failures', 'write_failures']

_REASON_LENGTH = 200
_SHOWN_REASONS = 3


class Failure(NamedTuple):
    """A picture that cannot be read (``model`` is empty then), or a question without a usable answer."""

    split: str
    item: str
    modality: str
    path: str
    model: str
    status: str
    reason: str


class FailureSummary(NamedTuple):
    """How many pictures have no usable answer of any model, how many were asked about or cannot be read, and why."""

    without: int
    pictures: int
    failures: int
    reasons: list[str]


def failures_path(store: Path) -> Path:
    """The list of failures of a store."""
    return store.with_name(f'{store.stem}.failures.jsonl')


def iterate_failures(run: CaptionContext) -> Iterator[Failure]:
    """All failures that stand, those of earlier runs too unless they were made good; unreadable pictures first."""
    splits = run.settings.splits
    for picture in run.store.pictures.unreadable(splits):
        yield Failure(*picture[:4], '', 'unreadable', picture.problem)
    for failed in run.store.answers.failed(splits, run.model_names, run.attribute_versions):
        # the raw text is the server's error or what the model said
        reason = printable(' '.join(failed.raw.split())[:_REASON_LENGTH]) or 'the answer was empty'
        yield Failure(*failed[:6], reason)


def write_failures(run: CaptionContext) -> int:
    """List all failures beside the store, one JSON line each; without any there is no file.

    Returns:
        How many there are.
    """
    path, count = failures_path(run.store.path), 0

    def lines() -> Iterator[str]:
        nonlocal count
        for failure in iterate_failures(run):
            count += 1
            yield json.dumps(failure._asdict(), ensure_ascii=False) + '\n'

    write_atomically(path, lines())
    if not count:
        path.unlink()
    return count


def summarize_failures(run: CaptionContext) -> FailureSummary:
    """Count the failures that stand, and name the most frequent reasons with the address that gave them."""
    addresses = {model.name: model.base_url for model in run.settings.models}
    reasons: Counter[str] = Counter()
    failures = unreadable = 0
    for failure in iterate_failures(run):
        failures += 1
        unreadable += not failure.model
        reason = failure.reason
        if failure.path and failure.path in reason:
            reason = reason.replace(failure.path, '').strip(': ')
        address = addresses.get(failure.model, '')
        where = f' ({failure.model}{f" at {address}" if address and address not in reason else ""})' if address else ''
        reasons[f'{failure.status}{where}: {reason[:120]}'] += 1
    asked, without = run.store.answers.count_pictures(run.settings.splits, run.model_names, run.attribute_versions)
    shown = [f'{count:,} {reason}' for reason, count in reasons.most_common(_SHOWN_REASONS)]
    rest = failures - sum(count for _, count in reasons.most_common(_SHOWN_REASONS))
    return FailureSummary(
        without + unreadable, asked + unreadable, failures, [*shown, *([f'{rest:,} others'] if rest else [])]
    )
