"""Checks of options: a wrong value is named when its component is built, as
``<component>.<option>=<value>: expected ...``."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from next_mm.errors import ConfigError

__all__ = [
    'check_choice',
    'check_heads',
    'check_integer',
    'check_keys',
    'check_names',
    'check_number',
    'check_range',
    'check_size',
    'did_you_mean',
]


_FEW = 12


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Refuse a value that is none of ``choices``.

    Raises:
        ConfigError: it is none.
    """
    if value not in choices:
        raise ConfigError(f'{name}={value!r}: expected one of {", ".join(map(repr, choices))}')


def check_names(name: str, given: Collection[str], required: Sequence[str], optional: Sequence[str] = ()) -> None:
    """Refuse names that lack a required one, or hold an unknown one.

    Raises:
        ConfigError: they do.
    """
    for key in given:
        check_choice(name, key, (*required, *optional))
    missing = [key for key in required if key not in given]
    if missing:
        raise ConfigError(f'{name}: expected {", ".join(map(repr, required))}, {missing[0]!r} is missing')


def check_number(
    name: str, value: Any, low: float, high: float = float('inf'), *, above: bool = False, below: bool = False
) -> None:
    """Refuse what is no finite number from ``low`` to ``high``.

    Args:
        name: class and option, as ``EraseTriplet.prob``.
        value: the value.
        low: the least value; with ``above`` the value must be greater.
        high: the greatest value.
        above: see ``low``.
        below: the value must be smaller than ``high``.

    Raises:
        ConfigError: it is no number, or out of range.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isinf(value)
    if not number or not (value > low if above else value >= low) or not (value < high if below else value <= high):
        upper = '' if high == float('inf') else f'{" to below" if below else " to"} {high:g}'
        bound = f'{"above" if above else "from"} {low:g}{upper}'
        raise ConfigError(f'{name}={value!r}: expected a number {bound}')


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> None:
    """Refuse what is no whole number from ``low`` to ``high``.

    Raises:
        ConfigError: it is none, or out of range.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        bound = f'from {low}' + (f' to {high}' if high is not None else '')
        raise ConfigError(f'{name}={value!r}: expected a whole number {bound}')


def check_heads(name: str, num_heads: Any, width: int) -> None:
    """Refuse a number of attention heads that does not divide the token width.

    Raises:
        ConfigError: it is no whole number from 1, or does not.
    """
    check_integer(name, num_heads, 1)
    if width % num_heads:
        raise ConfigError(f'{name}={num_heads}: expected a number that divides the token width {width}')


def check_range(name: str, value: Any, low: float, high: float = float('inf')) -> None:
    """Refuse what is no pair of numbers, the first above ``low`` and not above the second, the second at most ``high``.

    Raises:
        ConfigError: it is no such pair.
    """
    pair = isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(end, (int, float)) for end in value)
    if not pair or not low < value[0] <= value[1] <= high or value[1] == float('inf'):
        bound = f'above {low:g}' + (f' and at most {high:g}' if high != float('inf') else '')
        raise ConfigError(f'{name}={value!r}: expected two numbers {bound}, the smaller first')


def check_size(name: str, value: Any, *, smallest: int = 1) -> None:
    """Refuse what is no size of a picture.

    Args:
        name: the option, for the message.
        value: what came.
        smallest: least height and width.

    Raises:
        ConfigError: it is no pair of such whole numbers.
    """
    if (
        not isinstance(value, (tuple, list))
        or len(value) != 2
        or not all(isinstance(side, int) and side >= smallest for side in value)
    ):
        which = f', both at least {smallest}' if smallest > 1 else ''
        raise ConfigError(f'{name}={value!r}: expected (height, width) in pixels{which}')


def check_keys(where: str, keys: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a key that is not known.

    Raises:
        ConfigError: it is named with its place and the closest known one.
    """
    known = set(known)
    for key in keys:
        if key not in known:
            raise ConfigError(f"{where}: unknown key '{key}'{did_you_mean(key, known)}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the end of a message about an unknown word: the closest known one, or all of them where they are few.

    Args:
        word: what came.
        known: what is known.
    """
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f'; did you mean {close[0]!r}?'
    return f'; known are {", ".join(known)}' if len(known) <= _FEW else ''
