"""Values that the Runner takes as they are, and that would fail, or train the wrong way, only in the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from next_mm.apis.checks.bounds import check_bounds
from next_mm.engine import ReIDOptimWrapperConstructor
from next_mm.errors import ConfigError
from next_mm.utils.options import check_choice

__all__ = ['check_late_values']

_STATISTICS = ('current', 'max', 'mean', 'min')
"""What mmengine's ``LogProcessor`` can do with the values of a window."""


def check_late_values(cfg: Config) -> None:
    """Check the log processor, the ends of the schedules, and the compiler's back end.

    Args:
        cfg: a config whose keys and types are checked.

    Raises:
        ConfigError: a value is named with its place.
    """
    _check_log_processor(cfg.get('log_processor') or {})
    _check_schedules(cfg)
    _check_compiler(cfg.get('compile'))


def _check_log_processor(processor: Mapping[str, Any]) -> None:
    check_bounds('log_processor', {key: processor[key] for key in ('num_digits', 'window_size') if key in processor})
    if processor.get('type', 'LogProcessor') != 'LogProcessor':
        return
    for index, entry in enumerate(processor.get('custom_cfg') or ()):
        if isinstance(entry, Mapping) and 'method_name' in entry:
            check_choice(f'log_processor.custom_cfg[{index}].method_name', entry['method_name'], _STATISTICS)


def _check_schedules(cfg: Config) -> None:
    """Refuse a schedule that ends above every rate that it starts from, so that the rate rises when it should fall."""
    rates = list(_rates(cfg.get('optim_wrapper') or {}))
    schedulers = cfg.get('param_scheduler') or []
    for index, scheduler in enumerate([schedulers] if isinstance(schedulers, Mapping) else schedulers):
        least = scheduler.get('eta_min')
        if str(scheduler.get('type')).endswith('LR') and least is not None and rates and least > max(rates):
            raise ConfigError(
                f'param_scheduler[{index}].eta_min={least}: expected at most {max(rates)}, the greatest rate of '
                'optim_wrapper: the rate would rise'
            )


def _rates(wrapper: Mapping[str, Any]) -> Iterator[float]:
    """Yield the learning rates of an optimizer and of its groups."""
    optimizer = wrapper.get('optimizer') or {}
    if not isinstance(optimizer, Mapping):
        raise ConfigError(f'optim_wrapper.optimizer: expected a dictionary, got {optimizer!r}')
    if 'lr' not in optimizer or wrapper.get('constructor') != ReIDOptimWrapperConstructor.__name__:
        return  # another constructor may give groups rates in its own way
    yield optimizer['lr']
    for rule in ((wrapper.get('paramwise_cfg') or {}).get('groups') or {}).values():
        yield rule.get('lr', optimizer['lr'] * rule.get('lr_mult', 1.0))


def _check_compiler(options: Any) -> None:
    """Check the back end of ``torch.compile``, which is looked for at the first step alone."""
    backend = options.get('backend') if isinstance(options, Mapping) else None
    if isinstance(backend, str):
        import torch._dynamo

        check_choice('compile.backend', backend, torch._dynamo.list_backends(None))
