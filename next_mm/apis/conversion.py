"""Convert checkpoints of the methods' authors to ours, and back."""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Mapping
from pathlib import Path

import torch

import next_mm.methods
from next_mm.errors import CheckpointError, ConfigError
from next_mm.models.conversion import Conversion, KeyMap
from next_mm.utils.files import staged
from next_mm.utils.weights import read_weights

__all__ = ['convert_checkpoint', 'find_key_map', 'list_convertible']


def list_convertible() -> list[str]:
    """Name the methods that have a key map."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(next_mm.methods.__path__)
        if module.ispkg and importlib.util.find_spec(f'next_mm.methods.{module.name}.convert')
    )


def find_key_map(method: str, variant: str | None = None) -> KeyMap:
    """Return the key map of a method: of ``KEY_MAPS`` in its ``convert.py`` the first, or the one of the variant.

    Raises:
        ConfigError: no such method or variant.
    """
    known = list_convertible()
    if method not in known:
        raise ConfigError(f'{method!r} has no key map, expected one of {", ".join(known)}')
    maps: Mapping[str, KeyMap] = importlib.import_module(f'next_mm.methods.{method}.convert').KEY_MAPS
    if variant is not None and variant not in maps:
        raise ConfigError(f'{method} has no variant {variant!r}, expected one of {", ".join(maps)}')
    return maps[variant or next(iter(maps))]


def convert_checkpoint(
    method: str, source: Path, target: Path, *, back: bool = False, variant: str | None = None
) -> Conversion:
    """Convert a file of weights; nothing in it is executed, and every entry has a place or is named with the reason.

    Args:
        method: folder name of the method.
        source: the authors' weights, or a checkpoint of ours with ``back``.
        target: the file to write.
        back: convert ours to the authors' names.
        variant: which of the method's key maps to use, the first by default.

    Raises:
        ConfigError: no such method or variant, or the target is the source.
        CheckpointError: the source cannot be read, or is of something else.
    """
    key_map = find_key_map(method, variant)
    if source.resolve() == target.resolve():
        raise ConfigError(f'{target}: expected another file than the source')
    weights = read_weights(source)
    try:
        result = key_map.to_theirs(weights) if back else key_map.to_ours(weights)
    except CheckpointError as error:
        raise CheckpointError(f'{source}: {error}') from None
    with staged(target) as part:
        torch.save(result.state if back else {'state_dict': result.state, 'meta': {}}, part)
    return result
