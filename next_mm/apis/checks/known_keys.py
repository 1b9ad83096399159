"""Which keys a callable takes, and the words for one that it does not take."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from next_mm.errors import ConfigError
from next_mm.utils.conventions import PassesOptions
from next_mm.utils.options import did_you_mean

__all__ = ['arguments', 'check_keys', 'check_numbers', 'names']

# Its **kwargs go to Runner.save_checkpoint, which CheckpointHook already passes all it takes.
_TAKES_NO_MORE = {'CheckpointHook'}


def names(function: Any) -> set[str]:
    """Names of the parameters of a function or a constructor."""
    return set(inspect.signature(function).parameters)


def arguments(component: Any) -> dict[str, inspect.Parameter] | None:
    """Return the parameters that a function or constructor takes; ``None`` where anything goes.

    ``**kwargs`` leads on to its base classes, or to the class that it names (:class:`PassesOptions`).
    """
    if not inspect.isclass(component):
        parameters = inspect.signature(component).parameters
        return None if any(p.kind is p.VAR_KEYWORD for p in parameters.values()) else dict(parameters)
    found: dict[str, inspect.Parameter] = {}
    open_ended = False
    for base in inspect.getmro(component):
        if '__init__' not in vars(base) or base is object:
            continue
        own = list(inspect.signature(vars(base)['__init__']).parameters.values())[1:]
        found = {p.name: p for p in own if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)} | found
        open_ended = any(p.kind is p.VAR_KEYWORD for p in own)
        if open_ended and isinstance(component, PassesOptions):
            further = arguments(component.passes_options_to())
            return None if further is None else further | found
        if not open_ended:
            break
    return None if open_ended and component.__name__ not in _TAKES_NO_MORE else found


def check_keys(where: str, keys: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a key that is not known.

    Raises:
        ConfigError: it is named with its place and the closest known one.
    """
    known = set(known)
    for key in keys:
        if key not in known:
            raise ConfigError(f"{where}: unknown key '{key}'{did_you_mean(key, known)}")


def check_numbers(where: str, cfg: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter]) -> None:
    """Refuse a text where a signature speaks of numbers or of True and False alone: ``max_epochs=two``, ``shuffle=no``.

    Raises:
        ConfigError: it is named with its place.
    """
    for key, value in cfg.items():
        if isinstance(value, str) and key in parameters:
            words = set(re.findall(r'\w+', str(parameters[key].annotation)))
            if words & {'int', 'float'} and not words & {'str', 'Any'}:
                raise ConfigError(f"{where}.{key}: expected a number, got '{value}'")
            if words - {'class'} == {'bool'}:
                raise ConfigError(f"{where}.{key}: expected True or False, got '{value}'")
