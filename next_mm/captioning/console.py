"""What a caption run shows: progress, tables, the reason why it stopped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from next_mm.captioning.limits import Budget


class RunProgress:
    """A bar for each model with its rate and the money spent; on a plain log, one line a minute.

    Args:
        totals: number of questions by model.
        budget: shows what was spent.
    """

    def __init__(self, totals: dict[str, int], budget: Budget, console: Console) -> None:
        self.console, self.budget = console, budget
        self._bar = Progress(
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn('{task.fields[note]}'),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks = {name: self._bar.add_task(name, total=total, note='') for name, total in totals.items()}
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
            self._bar.update(
                self._tasks[name], completed=self._done[name], note=f'{rate:.0f}/s  ${self.budget.spent:.2f}'
            )
        elif now - self._told > 60:
            self._told = now
            counts = ', '.join(f'{n} {d}/{self._totals[n]}' for n, d in self._done.items())
            self.console.print(f'{counts}, ${self.budget.spent:.2f} spent')


@contextmanager
def count_bar(text: str, total: int, console: Console) -> Iterator:
    """A bar for work on files; yields a function to call with the number done."""
    with Progress(
        TextColumn(text), BarColumn(), MofNCompleteColumn(), console=console, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(text, total=total)
        yield lambda count: bar.advance(task, count)


def print_table(console: Console, title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table; columns of numbers stand to the right."""
    table = Table(title=title, title_justify='left')
    rows = [list(row) for row in rows]
    for index, name in enumerate(header):
        numbers = bool(rows) and all(isinstance(row[index], (int, float)) for row in rows)
        table.add_column(name, justify='right' if numbers else 'left', overflow='fold')
    for row in rows:
        table.add_row(
            *(
                f'{cell:,}' if isinstance(cell, int) else f'{cell:.3f}' if isinstance(cell, float) else str(cell)
                for cell in row
            )
        )
    console.print(table)
