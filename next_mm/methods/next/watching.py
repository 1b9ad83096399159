"""Look at what the experts of a NEXT model give while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from next_mm.errors import UserError

__all__ = ['require_experts', 'watch']


@contextmanager
def watch(module: nn.Module) -> Iterator[list[Any]]:
    """Collect what a module returns while the context is open.

    Args:
        module: e.g. ``model.neck.semantic``.
    """
    outputs: list[Any] = []
    handle = module.register_forward_hook(lambda module, args, output: outputs.append(output))
    try:
        yield outputs
    finally:
        handle.remove()


def require_experts(model: nn.Module, name: str) -> nn.Module:
    """Return the semantic or structure experts of a model.

    Args:
        model: a NEXTReID.
        name: ``semantic`` or ``structure``.

    Raises:
        UserError: the model has none.
    """
    experts = getattr(getattr(model, 'neck', None), name, None)
    if experts is None:
        raise UserError(
            f'{type(model).__name__} has no {name} experts (model.neck.{name}): this is drawn of a NEXTReID that '
            'has them'
        )
    return experts
