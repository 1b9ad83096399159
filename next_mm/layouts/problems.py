"""What can be wrong in a dataset, and how a split is refused for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from next_mm.errors import DataError
from next_mm.utils.text import printable

__all__ = ['NO_PICTURES', 'Problem', 'as_note', 'refuse']

NO_PICTURES = 'no pictures'
"""Kind of the problem that a part of a split is empty."""


@dataclass(frozen=True)
class Problem:
    """Something wrong in a dataset.

    Attributes:
        kind: what it is, the same words for all of its kind.
        where: the picture, caption file or entry concerned.
        detail: what was expected.
        fatal: whether training or testing would be wrong with it.
        of_triplet: whether it is a problem of one triplet, of which the split has as many as it has triplets.
    """

    kind: str
    where: str
    detail: str = ''
    fatal: bool = True
    of_triplet: bool = True


def as_note(problem: Problem) -> Problem:
    """Return a problem that was dealt with by leaving its triplet out."""
    return replace(problem, kind=f'{problem.kind}: left out', fatal=False)


def refuse(title: str, split: str, problems: Sequence[Problem], num_found: int) -> None:
    """Stop at the first kind of fatal problem, saying how often it comes and where first.

    Args:
        title: dataset name.
        split: ``'train'`` or ``'test'``.
        problems: of the split.
        num_found: triplets found on disk.

    Raises:
        FileNotFoundError: a part of the split has no pictures.
        DataError: any other fatal problem.
    """
    fatal = [problem for problem in problems if problem.fatal]
    wrong = [problem for problem in fatal if problem.kind != NO_PICTURES]
    if not fatal:
        return
    first = (wrong or fatal)[0]
    where = f'{printable(first.where)} ({printable(first.detail)})'
    if not wrong:
        raise FileNotFoundError(
            f'{title}: the {split} split is empty: no pictures in {where}; docs/data.md shows the layout'
        )
    number = sum(problem.kind == first.kind for problem in wrong)
    what = {'train': 'training', 'test': 'test'}[split]
    count = (
        f'{number} of {num_found} {what} triplets have' if first.of_triplet else f'the {split} split has ({number} x)'
    )
    raise DataError(f'{title}: {count} {first.kind}, first: {where}. Run tools/check_dataset.py for the list.')
