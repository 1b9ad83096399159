"""A misspelt or unknown key in a config is an error that names it, before anything is built.

mmengine's Runner reads its config with ``cfg.get``: a misspelt top-level key is ignored there, and a misspelt
argument of a scheduler or an evaluator shows only when training starts or ends.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

from mmengine.config import Config
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner, TestLoop, ValLoop

from next_mm import registry as ours
from next_mm.apis.checks.bounds import check_bounds, check_no_nan
from next_mm.apis.checks.components import NESTED, READ_BY_BUILDER, SECTIONS, check_components, find_component
from next_mm.apis.checks.known_keys import arguments, names, parameters
from next_mm.apis.checks.late_values import check_late_values
from next_mm.apis.checks.shapes import (
    check_environment,
    check_flag,
    check_imports,
    check_load_ignore,
    check_shapes,
    expect,
)
from next_mm.apis.checks.value_types import check_types
from next_mm.errors import ConfigError
from next_mm.utils.options import check_integer, check_keys

__all__ = ['check_config']

_RUNNER_KEYS = frozenset(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'}
# What the Runner looks up in the whole config beside its arguments, and what next_mm.apis adds.
_EXTRA_KEYS = frozenset(
    {
        'activation_checkpointing',
        'compile',
        'custom_imports',
        'efficient_conv_bn_eval',
        'find_unused_parameters',
        'load_ignore',
        'model_wrapper_cfg',
        'prepare',
        'sync_bn',
    }
)
_HOOK_KEYS = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')
_RANDOMNESS_KEYS = tuple(inspect.signature(Runner.set_randomness).parameters)[1:]
_LOADER_KEYS = (
    'dataset',
    'sampler',
    'batch_sampler',
    'collate_fn',
    'worker_init_fn',
    'num_batch_per_epoch',
    'disable_subprocess_warning',
)
_LOADER_NUMBERS = ('batch_size', 'num_workers', 'prefetch_factor', 'timeout')

_LOOP_PARTS = {
    'train': 'optim_wrapper',
    'val': 'val_evaluator',
    'test': 'test_evaluator',
}  # what a loop needs beside cfg and loader

# What mmengine itself passes to the functions of a data loader.
_GIVEN_TO_FUNCTIONS = {
    'collate_fn': {'batch', 'data_batch'},
    'worker_init_fn': {'worker_id', 'num_workers', 'rank', 'seed'},
}
# Built by mmengine from these types where a section names none.
_DEFAULT_TYPES = {
    'log_processor': 'LogProcessor',
    'model_wrapper_cfg': 'MMDistributedDataParallel',
    'visualizer': 'Visualizer',
}


def check_config(cfg: Config) -> None:
    """Check the keys of a whole config: top level, environment, hooks, loops, data loaders and every component.

    Args:
        cfg: a config as :func:`next_mm.apis.load_config` returns it.

    Raises:
        ConfigError: an unknown key or type, named with its place and the closest known one.
    """
    check_shapes(cfg)
    check_no_nan('', cfg.to_dict())
    top = [key for key in cfg if not key.startswith('_')]
    check_keys('the config', top, _RUNNER_KEYS | _EXTRA_KEYS)
    check_types('', cfg.to_dict(), parameters(Runner.__init__))
    check_environment(cfg.get('env_cfg') or {})
    check_keys('randomness', cfg.get('randomness') or {}, _RANDOMNESS_KEYS)
    check_types('randomness', cfg.get('randomness') or {}, parameters(Runner.set_randomness))
    check_keys('default_hooks', cfg.get('default_hooks') or {}, _HOOK_KEYS)
    check_keys('auto_scale_lr', cfg.get('auto_scale_lr') or {}, ('enable', 'base_batch_size'))
    check_flag('auto_scale_lr.enable', (cfg.get('auto_scale_lr') or {}).get('enable', False))
    check_imports(cfg.get('custom_imports'))
    for name, further in _LOOP_PARTS.items():
        _check_complete(cfg, (f'{name}_dataloader', f'{name}_cfg', further))
        _check_loop(f'{name}_cfg', cfg.get(f'{name}_cfg'))
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        _check_loader(key, cfg.get(key))
    for key, section in SECTIONS.items():
        part = cfg.get(key)
        if key == 'model' and isinstance(part, Mapping) and part.get('num_classes', 0) is None:
            part = {**part, 'num_classes': 0}  # counted before the model is built
        check_components(key, part, section, _DEFAULT_TYPES.get(key))
    _check_optim_wrapper('optim_wrapper', cfg.get('optim_wrapper'))
    for key in ('auto_scale_lr', 'param_scheduler', 'default_hooks'):
        check_bounds(key, cfg.get(key))
    check_integer('randomness.seed', (cfg.get('randomness') or {}).get('seed') or 0, 0)
    check_late_values(cfg)
    check_load_ignore(cfg.get('load_ignore'))


def _check_complete(cfg: Config, keys: Sequence[str]) -> None:
    """Refuse a loop of which a part is missing, as the Runner will."""
    absent = [key for key in keys if cfg.get(key) is None]
    if absent and len(absent) < len(keys):
        present = ' and '.join(key for key in keys if key not in absent)
        raise ConfigError(
            f'{" and ".join(absent)}: None, but {present} given: expected all of {", ".join(keys)}, or none'
        )


def _check_loop(where: str, loop: Mapping | None) -> None:
    if loop is None:
        return
    if 'type' in loop:  # a loop may train, with an optimizer of its own
        check_components(where, {**loop, 'optim_wrapper': {}} if 'optim_wrapper' in loop else loop, ours.LOOPS)
        _check_optim_wrapper(f'{where}.optim_wrapper', loop.get('optim_wrapper'))
    elif where == 'train_cfg':
        known = EpochBasedTrainLoop if loop.get('by_epoch', True) else IterBasedTrainLoop
        check_keys(where, loop, {*names(known), 'by_epoch'} - {'runner', 'dataloader'})
        check_types(where, loop, parameters(known))
        check_bounds(where, loop)
        length = loop.get('max_epochs', loop.get('max_iters', float('inf')))
        if loop.get('val_begin', 1) > length:
            raise ConfigError(
                f'{where}.val_begin={loop["val_begin"]}: the training ends with {length}, so it would never be '
                'validated; to train without validation set val_dataloader, val_cfg and val_evaluator to None'
            )
    else:
        known = ValLoop if where == 'val_cfg' else TestLoop
        check_keys(where, loop, names(known) - {'runner', 'dataloader', 'evaluator'})
        check_types(where, loop, parameters(known))


def _check_loader(where: str, loader: Mapping | None) -> None:
    if loader is None:
        return
    from torch.utils.data import DataLoader

    check_keys(where, loader, {*_LOADER_KEYS, *names(DataLoader)})
    check_types(where, loader, parameters(DataLoader.__init__))
    check_bounds(where, {key: loader[key] for key in _LOADER_NUMBERS if key in loader})
    expect(f'{where}.dataset', loader.get('dataset'), Mapping, 'a dictionary')
    for key in ('sampler', 'batch_sampler'):
        expect(
            f'{where}.{key}',
            {} if loader.get(key) is None else loader[key],
            Mapping,
            'a dictionary with the type of a sampler',
        )
    for key in ('dataset', 'sampler', 'batch_sampler'):
        check_components(f'{where}.{key}', loader.get(key), NESTED[key])
    for key, given in _GIVEN_TO_FUNCTIONS.items():
        function = loader.get(key)
        if function is not None and not callable(function):
            expect(f'{where}.{key}', function, Mapping, 'a dictionary with the type of a function')
        if isinstance(function, Mapping) and 'type' in function:
            component = find_component(f'{where}.{key}', function['type'], ours.FUNCTIONS)
            known = arguments(component)
            if known is not None:
                name = getattr(component, '__name__', function['type'])
                check_keys(f'{where}.{key} ({name})', function, {*known, *READ_BY_BUILDER} - given)


def _check_optim_wrapper(where: str, cfg: Mapping | None) -> None:
    if cfg is None:
        return
    from torch.nn.utils import clip_grad_norm_, clip_grad_value_

    from next_mm.engine import ReIDOptimWrapperConstructor, check_paramwise

    wrapper = {key: value for key, value in cfg.items() if key not in ('constructor', 'paramwise_cfg', 'optimizer')}
    check_components(where, wrapper, ours.OPTIM_WRAPPERS, 'OptimWrapper')
    check_components(f'{where}.optimizer', cfg.get('optimizer'), ours.OPTIMIZERS)
    check_bounds(where, {key: value for key, value in cfg.items() if key != 'paramwise_cfg'})
    clip = cfg.get('clip_grad')
    if clip is not None:
        expect(f'{where}.clip_grad', clip, Mapping, 'a dictionary')
        by_value = clip.get('type') == 'value'
        known = names(clip_grad_value_ if by_value else clip_grad_norm_) - {'parameters'} | {'type'}
        check_keys(f'{where}.clip_grad', clip, known)
    constructor = cfg.get('constructor')
    if constructor is not None:
        find_component(f'{where}.constructor', constructor, ours.OPTIM_WRAPPER_CONSTRUCTORS)
    if constructor == ReIDOptimWrapperConstructor.__name__:
        check_paramwise(cfg.get('paramwise_cfg'))
