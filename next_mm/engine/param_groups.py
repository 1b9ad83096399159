"""Parameter groups by the names of the parameters; frozen parameters are left out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import torch
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIMIZERS
from torch import nn

from next_mm.errors import ConfigError
from next_mm.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS
from next_mm.utils.options import check_keys, check_number

__all__ = ['ReIDOptimWrapperConstructor', 'check_paramwise', 'group_parameters']

_OPTIONS = ('groups', 'bias_lr_mult')
_RULE = ('match', 'lr', 'lr_mult', 'weight_decay', 'bias_lr_mult')
_WHERE = 'optim_wrapper.paramwise_cfg'


def check_paramwise(options: Mapping[str, Any] | None) -> None:
    """Check the options of :func:`group_parameters`, as ``optim_wrapper.paramwise_cfg`` gives them.

    Raises:
        ConfigError: an unknown key, a rule called ``rest``, a pattern that is no regular
            expression, or a negative number.
    """
    options = {} if options is None else options
    _check_dictionary(_WHERE, options, _OPTIONS)
    check_number(f'{_WHERE}.bias_lr_mult', options.get('bias_lr_mult', 1.0), 0)
    groups = options.get('groups') or {}
    _check_dictionary(f'{_WHERE}.groups', groups, groups if isinstance(groups, Mapping) else ())
    for name, rule in groups.items():
        where = f'{_WHERE}.groups.{name}'
        if name == 'rest':
            raise ConfigError(f'{where}: the rest is what no rule matches, it has no rule of its own')
        _check_dictionary(where, rule, _RULE)
        for key in rule:
            if key != 'match':
                check_number(f'{where}.{key}', rule[key], 0)
        try:
            re.compile(rule.get('match', name))
        except (re.error, TypeError) as error:
            raise ConfigError(f'{where}: {rule.get("match", name)!r} is no regular expression ({error})') from error


def group_parameters(
    model: nn.Module,
    lr: float,
    *,
    groups: Mapping[str, Mapping[str, Any]] | None = None,
    bias_lr_mult: float = 1.0,
) -> list[dict[str, Any]]:
    """Assign each trainable parameter to the first rule that matches the start of its name; the others are the rest.

    Args:
        model: the model, not wrapped.
        lr: learning rate of the rest.
        groups: name to rule. ``match`` is the rule's regular expression, its name where it has none; ``lr`` is its
            rate, ``lr_mult`` a factor on the rate of the rest instead; ``weight_decay`` and ``bias_lr_mult`` are its
            own where they are given.
        bias_lr_mult: factor on the rate of biases, in groups that have none of their own.

    Returns:
        Parameter groups for a torch optimizer, each with ``name``, ``params``, ``lr`` and, where its rule says so,
        ``weight_decay``. Biases are a group of their own where their rate differs.

    Raises:
        ConfigError: a rule matches no trainable parameter, or there is no trainable parameter at all.
    """
    groups = groups or {}
    check_paramwise({'groups': groups, 'bias_lr_mult': bias_lr_mult})
    rules = {**groups, 'rest': {'match': ''}}
    made: dict[str, dict[str, Any]] = {}
    for name, rule in rules.items():
        rate = rule.get('lr', lr * rule.get('lr_mult', 1.0))
        decay = {'weight_decay': rule['weight_decay']} if 'weight_decay' in rule else {}
        made[name] = {'name': name, 'params': [], 'lr': rate, **decay}
        factor = rule.get('bias_lr_mult', bias_lr_mult)
        if factor != 1:
            made[f'{name} bias'] = {'name': f'{name} bias', 'params': [], 'lr': rate * factor, **decay}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            first = next(key for key, rule in rules.items() if re.match(rule.get('match', key), name))
            apart = f'{first} bias'
            made[apart if apart in made and name.endswith('bias') else first]['params'].append(parameter)
    _check_used(model, groups, made)
    return [group for group in made.values() if group['params']]


def _check_used(model: nn.Module, groups: Mapping[str, Any], made: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a model without a trainable parameter, and rules that matched none."""
    kind = type(model).__name__
    if not any(group['params'] for group in made.values()):
        raise ConfigError(f'{kind} has no trainable parameter')
    unused = [
        name for name in groups if not made[name]['params'] and not made.get(f'{name} bias', {'params': []})['params']
    ]
    if unused:
        names = {name.partition('.')[0]: None for name, value in model.named_parameters() if value.requires_grad}
        raise ConfigError(
            f'{_WHERE}.groups: {", ".join(map(repr, unused))} matches no trainable parameter of {kind} that an '
            'earlier rule '
            f'left; their names begin with {", ".join(f"{name}." for name in names)}'
        )


def _check_dictionary(where: str, given: Any, known: Collection[str]) -> None:
    if not isinstance(given, Mapping):
        of = f' with any of {", ".join(known)}' if known else ''
        raise ConfigError(f'{where}: expected a dictionary{of}, got {given!r}')
    check_keys(where, given, known)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class ReIDOptimWrapperConstructor:
    """Build the optimizer over :func:`group_parameters`.

    Args:
        optim_wrapper_cfg: config of the optimizer wrapper, with ``optimizer`` inside.
        paramwise_cfg: the options of :func:`group_parameters`.

    Raises:
        ConfigError: :func:`check_paramwise` refuses the options, or the optimizer has no ``lr``.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        check_paramwise(paramwise_cfg)
        self.options = dict(paramwise_cfg or {})
        if 'lr' not in optim_wrapper_cfg.get('optimizer', {}):
            raise ConfigError('optim_wrapper.optimizer: expected a learning rate lr')
        self.optim_wrapper_cfg = dict(optim_wrapper_cfg)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper for a model, wrapped for distributed training or not."""
        model = model.module if is_model_wrapper(model) else model
        wrapper_cfg = dict(self.optim_wrapper_cfg)
        wrapper_cfg.setdefault('type', 'OptimWrapper')
        optimizer_cfg = dict(wrapper_cfg.pop('optimizer'))
        optimizer_cfg['params'] = group_parameters(model, optimizer_cfg['lr'], **self.options)
        optimizer: torch.optim.Optimizer = OPTIMIZERS.build(optimizer_cfg)
        return OPTIM_WRAPPERS.build(wrapper_cfg, default_args=dict(optimizer=optimizer))
