"""Bounds by option name: values that torch and mmengine take but that train nothing, or train the wrong way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from next_mm.errors import ConfigError
from next_mm.utils.options import check_integer, check_number

__all__ = ['check_bounds', 'check_no_nan']

_FROM_ZERO = (
    'begin',
    'eta_min',
    'eta_min_ratio',
    'lr',
    'momentum',
    'num_digits',
    'num_workers',
    'timeout',
    'val_begin',
    'warmup_iters',
    'weight_decay',
)
_ABOVE_ZERO = ('clip_value', 'end_factor', 'factor', 'gamma', 'max_norm', 'start_factor')
_MAY_BE_INFINITE = ('clip_value', 'max_norm')
"""Nothing is clipped then, the norm is logged."""
_WHOLE_FROM_ONE = (
    'T_max',
    'accumulative_counts',
    'base_batch_size',
    'batch_size',
    'end',
    'interval',
    'max_epochs',
    'max_iters',
    'prefetch_factor',
    'val_interval',
    'window_size',
)


def check_bounds(where: str, cfg: Any) -> None:
    """Check the numbers of a part of the config that torch or mmengine reads; components inside are checked as well.

    Args:
        where: its place.
        cfg: the part.

    Raises:
        ConfigError: a number is out of its bounds, named with its place.
    """
    if isinstance(cfg, (list, tuple)):
        for index, inner in enumerate(cfg):
            check_bounds(f'{where}[{index}]', inner)
    if not isinstance(cfg, Mapping):
        return
    for key, value in cfg.items():
        place = f'{where}.{key}'
        numbers = (*_FROM_ZERO, *_ABOVE_ZERO, *_WHOLE_FROM_ONE)
        if isinstance(value, Mapping) or (isinstance(value, (list, tuple)) and key not in numbers):
            check_bounds(place, value)
        elif value is None:
            continue
        elif key in _FROM_ZERO:
            check_number(place, value, 0)
        elif key in _ABOVE_ZERO and not (key in _MAY_BE_INFINITE and value == math.inf):
            check_number(place, value, 0, above=True)
        elif key in _WHOLE_FROM_ONE:
            check_integer(place, value, 1)


def check_no_nan(where: str, value: Any) -> None:
    """Refuse ``nan`` anywhere: every comparison with it is false, so that no bound would find it.

    Raises:
        ConfigError: it is named with its place.
    """
    if isinstance(value, float) and math.isnan(value):
        raise ConfigError(f'{where}: expected a number, got nan')
    items = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    )
    for key, inner in items:
        check_no_nan(f'{where}.{key}' if where else str(key), inner)
