"""Checks of the options of components: a wrong value is named when the component is built, with what was expected and what came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from next_mm.errors import ConfigError

__all__ = ['check_choice', 'check_number', 'check_range', 'check_size']


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Refuse a value that is none of ``choices``.

    Raises:
        ConfigError: it is none.
    """
    if value not in choices:
        raise ConfigError(f'{name}={value!r}: expected one of {", ".join(map(repr, choices))}')


def check_number(name: str, value: Any, low: float, high: float = float('inf'), *, above: bool = False) -> None:
    """Refuse what is no number from ``low`` to ``high``.

    Args:
        name: class and option, as ``TMSE.top_share``.
        value: the value.
        low: the least value; with ``above`` the value must be greater.
        high: the greatest value.
        above: see ``low``.

    Raises:
        ConfigError: it is no number, or out of range.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not (value > low if above else value >= low) or not value <= high:
        bound = f'{"above" if above else "from"} {low:g}' + (f' to {high:g}' if high != float('inf') else '')
        raise ConfigError(f'{name}={value!r}: expected a number {bound}')


def check_range(name: str, value: Any, low: float, high: float = float('inf')) -> None:
    """Refuse what is no pair of numbers, the first above ``low`` and not above the second, the second at most ``high``.

    Raises:
        ConfigError: it is no such pair.
    """
    pair = isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(end, (int, float)) for end in value)
    if not pair or not low < value[0] <= value[1] <= high or value[1] == float('inf'):
        bound = f'above {low:g}' + (f' and at most {high:g}' if high != float('inf') else '')
        raise ConfigError(f'{name}={value!r}: expected two numbers {bound}, the smaller first')


def check_size(name: str, value: Any) -> None:
    """Refuse what is no size of a picture.

    Raises:
        ConfigError: it is no pair of positive whole numbers.
    """
    if (
        not isinstance(value, (tuple, list))
        or len(value) != 2
        or not all(isinstance(side, int) and side > 0 for side in value)
    ):
        raise ConfigError(f'{name}={value!r}: expected (height, width) in pixels')
