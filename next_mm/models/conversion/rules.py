"""The rules of a map between the names of an authors' state dict and ours.

A rule's templates are keys with placeholders:

- ``{i}`` stands for one part of a key, ``{rest*}`` for one part or more;
- ``{m:r|n|t}`` for one of the words, ``{m:r=rgb|n=nir|t=tir}`` for ``r`` in their key where ours has ``rgb``.

A name means the same in both templates of a rule; the words stand in the authors' template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

__all__ = ['Copies', 'Drop', 'Indices', 'Own', 'Rename', 'Rule', 'Stack', 'State', 'Twin']

State = Mapping[str, Tensor]
Indices = Sequence[Any] | Callable[[State], Sequence[Any]]


def _same(value: Tensor) -> Tensor:
    return value


@dataclass(frozen=True)
class Rename:
    """One entry of theirs is one of ours.

    Args:
        theirs: template of their key.
        ours: template of our key.
        to_ours: maps their value to ours; by default it is the same.
        to_theirs: maps ours to theirs.
        optional: whether a state dict may have no such entry.
    """

    theirs: str
    ours: str
    to_ours: Callable[[Tensor], Tensor] = _same
    to_theirs: Callable[[Tensor], Tensor] = _same
    optional: bool = False


@dataclass(frozen=True)
class Stack:
    """Many entries of theirs, numbered in one or several places, are one stacked tensor of ours.

    Args:
        theirs: template of their keys.
        ours: template of our key, without the names in ``over``.
        over: name of a placeholder to its values in order, one stacked dimension each. A function of our state dict
            says the values where they are not known beforehand; their numbers are then read from their keys.
        flat: whether the stacked dimensions are merged with the first of the values, as for a BatchNorm over all of
            them.
        to_ours: maps each of their values to what is stacked; by default it is the same.
        to_theirs: maps it back.
        optional: whether a state dict may have no such entry.
    """

    theirs: str
    ours: str
    over: Mapping[str, Indices]
    flat: bool = False
    to_ours: Callable[[Tensor], Tensor] = _same
    to_theirs: Callable[[Tensor], Tensor] = _same
    optional: bool = False


@dataclass(frozen=True)
class Copies:
    """Many entries of theirs hold the same values, which we hold once.

    Args:
        theirs: template of their keys.
        ours: template of our key, without the names in ``over``.
        over: as in :class:`Stack`.
        optional: whether a state dict may have no such entry.
    """

    theirs: str
    ours: str
    over: Mapping[str, Indices]
    optional: bool = False


@dataclass(frozen=True)
class Twin:
    """Entries of theirs are second names of tensors that another rule converts; their values are checked.

    Args:
        theirs: template of their keys.
        ours: template of our keys.
        optional: whether a state dict may have no such entry.
    """

    theirs: str
    ours: str
    optional: bool = False


@dataclass(frozen=True)
class Drop:
    """Entries of theirs that we have no use for.

    Args:
        theirs: template of their keys.
        why: the reason, as the report tells it.
        restore: maps our state dict to the value on the way back, for a template without placeholders; without it the
            way back has no such entry.
        optional: whether a state dict may have no such entry.
    """

    theirs: str
    why: str
    restore: Callable[[State], Tensor] | None = None
    optional: bool = False


@dataclass(frozen=True)
class Own:
    """Entries of ours that theirs does not have.

    Args:
        ours: template of our keys.
        why: the reason, as the report tells it.
        make: maps their state dict to our value, for a template without placeholders; without it the entry is left to
            the model.
        optional: whether a state dict may have no such entry.
    """

    ours: str
    why: str
    make: Callable[[State], Tensor] | None = None
    optional: bool = False


Rule = Rename | Stack | Copies | Twin | Drop | Own
