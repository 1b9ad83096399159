"""What a caption run shows: lines, progress, tables. Text of strangers is text: no markup, no escape sequences."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from next_mm.captioning.llm.limits import Budget
from next_mm.utils.tables import build_table
from next_mm.utils.text import printable

__all__ = ['RunProgress', 'count_bar', 'print_table', 'say']

_PLAIN_LOG_EVERY = 60.0
"""Seconds between two lines where there is no terminal."""


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print a text on a line of its own, unbroken: paths in it can be copied."""
    console.print(printable(text), style=style, markup=False, highlight=False, soft_wrap=True)


def print_table(console: Console, title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; columns of numbers stand to the right."""
    rows = [list(row) for row in rows]
    left = [
        index
        for index in range(len(header))
        if not rows or not all(isinstance(row[index], (int, float)) for row in rows)
    ]
    console.print(build_table(header, rows, title=title, left=left))


class RunProgress:
    """A bar for each model with its rate and the money spent; on a plain log, one line a minute.

    Args:
        totals: number of questions by model.
        budget: shows what was spent.
        console: where to draw.
    """

    def __init__(self, totals: Mapping[str, int], budget: Budget, console: Console) -> None:
        self.console, self.budget = console, budget
        self._bar = Progress(
            TextColumn('{task.description}', markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn('{task.fields[note]}', markup=False),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks = {
            name: self._bar.add_task(printable(name), total=total, note='') for name, total in totals.items()
        }
        self._done = dict.fromkeys(totals, 0)
        self._totals = totals
        self._began = self._told = time.monotonic()

    def __enter__(self) -> RunProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, name: str) -> None:
        """One question of ``name`` is settled."""
        self._done[name] += 1
        now = time.monotonic()
        if self.console.is_terminal:
            rate = self._done[name] / max(now - self._began, 1e-9)
            note = f'{rate:.0f}/s  ${self.budget.spent:.2f}'
            self._bar.update(self._tasks[name], completed=self._done[name], note=note)
        elif now - self._told > _PLAIN_LOG_EVERY:
            self._told = now
            counts = ', '.join(f'{n} {d}/{self._totals[n]}' for n, d in self._done.items())
            say(self.console, f'{counts}, ${self.budget.spent:.2f} spent')


@contextmanager
def count_bar(text: str, total: int, console: Console) -> Iterator[Callable[[int], None]]:
    """A bar for work on files; yields a function to call with the number done."""
    columns = (TextColumn(text), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(text, total=total)
        yield lambda count: bar.advance(task, count)
