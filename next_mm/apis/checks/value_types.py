"""Values of another type than a signature names: ``max_epochs=two``, ``shuffle=7``, ``pipeline=1``, ``text=[]``."""

from __future__ import annotations

import inspect
import os
import types
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from next_mm.errors import ConfigError

__all__ = ['check_types']

_LISTS = (list, tuple, Sequence)
_WORDS = {bool: 'True or False', int: 'a whole number', float: 'a number', str: 'a text', types.NoneType: 'None'}


def check_types(where: str, cfg: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]) -> None:
    """Refuse values of another type than the annotation of their parameter.

    Only plain types are judged: truth values, numbers, texts, lists, dictionaries, ``None``, and unions of them. What
    an annotation of another kind takes is known where the component is built.

    Args:
        where: place of the part of the config; empty for its top level.
        cfg: the part.
        parameters: those of what is built from it.

    Raises:
        ConfigError: a value does not fit, named with its place and what is expected there.
    """
    for key, value in cfg.items():
        if key not in parameters:
            continue
        hint, default = parameters[key].annotation, parameters[key].default
        if hint is inspect.Parameter.empty and isinstance(default, bool):
            hint = bool  # mmengine and torch leave some flags without
        if not _fits(value, hint) and not (value is None and default is None):
            place = f'{where}.{key}' if where else key
            raise ConfigError(f'{place}: expected {" or ".join(dict.fromkeys(_describe(hint)))}, got {value!r}')


def _fits(value: Any, hint: Any) -> bool:
    """Say whether a value is of a type; of one that is not plain, every value is."""
    origin = get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if origin is Literal:
        return value in get_args(hint)
    if origin in (None, types.NoneType):
        return value is None
    if origin in (int, float):
        return isinstance(value, int if origin is int else (int, float)) and not isinstance(value, bool)
    if origin is bool:
        return isinstance(value, bool)
    if origin is str:
        return isinstance(value, (str, os.PathLike))
    if origin in (dict, Mapping):
        return isinstance(value, Mapping)
    if origin in _LISTS:
        return isinstance(value, (list, tuple)) and _items_fit(value, get_args(hint))
    return True


def _items_fit(value: Sequence[Any], hints: tuple[Any, ...]) -> bool:
    """Say whether the items of a list fit; a length that does not fit is for whoever builds with it to tell."""
    if len(hints) == 1 or (len(hints) == 2 and hints[1] is Ellipsis):
        return all(_fits(item, hints[0]) for item in value)
    return all(_fits(item, hint) for item, hint in zip(value, hints))


def _describe(hint: Any) -> list[str]:
    origin = get_origin(hint) or hint
    if origin in (Union, types.UnionType):
        return [words for one in get_args(hint) for words in _describe(one)]
    if origin is Literal:
        return [repr(choice) for choice in get_args(hint)]
    if origin in (dict, Mapping):
        return ['a dictionary']
    if origin in _LISTS:
        inner = [words for one in get_args(hint) if one is not Ellipsis for words in _describe(one)]
        return [f'a list, each {" or ".join(dict.fromkeys(inner))}' if inner else 'a list']
    return [_WORDS.get(types.NoneType if origin is None else origin, getattr(origin, '__name__', str(origin)))]
