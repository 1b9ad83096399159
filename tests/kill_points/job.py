"""A kind of work that can be killed and started again, and what all kinds look at afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ['ROOT', 'Job', 'bytes_differ', 'leftovers']

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Job:
    """One kind of work.

    Attributes:
        work: does it in a folder, from wherever a kill left it.
        left: yields what is wrong in a folder after a kill.
        done: yields what is wrong in a folder after the second start, beside one of undisturbed work.
    """

    work: Callable[[Path], Any]
    left: Callable[[Path], Iterator[str]]
    done: Callable[[Path, Path], Iterator[str]]


def leftovers(folder: Path) -> Iterator[str]:
    """Yield files that only a kill leaves."""
    yield from (f'left over: {path.name}' for path in folder.rglob('*.part'))


def bytes_differ(folder: Path, whole: Path, pattern: str) -> Iterator[str]:
    """Yield the files of two folders that are not the same."""
    found, expected = (
        {path.relative_to(top).as_posix(): path.read_bytes() for path in top.rglob(pattern) if path.is_file()}
        for top in (folder, whole)
    )
    yield from (
        f'another {name}' for name in sorted(found.keys() | expected.keys()) if found.get(name) != expected.get(name)
    )
