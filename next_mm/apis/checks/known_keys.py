"""Which keys a callable takes, and the words for one that it does not take."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any, get_type_hints

from next_mm.utils.conventions import PassesOptions

__all__ = ['arguments', 'names', 'parameters']

# Its **kwargs go to Runner.save_checkpoint, which CheckpointHook already passes all it takes.
_TAKES_NO_MORE = {'CheckpointHook'}


def names(function: Any) -> set[str]:
    """Names of the parameters of a function or a constructor."""
    return set(inspect.signature(function).parameters)


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The parameters of a function or a constructor, with annotations as types where their names can be looked up."""
    known = inspect.signature(function).parameters
    return {name: parameter.replace(annotation=_look_up(function, parameter)) for name, parameter in known.items()}


def _look_up(function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
    """The type that an annotation written as text names; the text where type checkers alone know a name in it."""
    if not isinstance(parameter.annotation, str):
        return parameter.annotation
    one = types.SimpleNamespace(__annotations__={'it': parameter.annotation})
    owner = inspect.unwrap(function.__init__ if inspect.isclass(function) else function)
    try:
        return get_type_hints(one, getattr(owner, '__globals__', {}))['it']
    except (AttributeError, NameError, SyntaxError, TypeError):
        return parameter.annotation


def arguments(component: Any) -> dict[str, inspect.Parameter] | None:
    """Return the parameters that a function or constructor takes; ``None`` where anything goes.

    ``**kwargs`` leads on to its base classes, or to the class that it names (:class:`PassesOptions`).
    """
    if not inspect.isclass(component):
        known = parameters(component)
        return None if any(p.kind is p.VAR_KEYWORD for p in known.values()) else known
    found: dict[str, inspect.Parameter] = {}
    open_ended = False
    for base in inspect.getmro(component):
        if '__init__' not in vars(base) or base is object:
            continue
        own = list(parameters(vars(base)['__init__']).values())[1:]
        found = {p.name: p for p in own if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)} | found
        open_ended = any(p.kind is p.VAR_KEYWORD for p in own)
        if open_ended and isinstance(component, PassesOptions):
            further = arguments(component.passes_options_to())
            return None if further is None else further | found
        if not open_ended:
            break
    return None if open_ended and component.__name__ not in _TAKES_NO_MORE else found
