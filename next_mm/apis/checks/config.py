"""A misspelt or unknown key in a config is an error that names it, before anything is built.

mmengine's Runner reads its config with ``cfg.get``: a misspelt top-level key is ignored there, and a misspelt
argument of a scheduler or an evaluator shows only when training starts or ends.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner, TestLoop, ValLoop
from mmengine.utils.dl_utils import set_multi_processing

from next_mm import registry as ours
from next_mm.apis.checks.bounds import check_bounds, check_no_nan
from next_mm.apis.checks.known_keys import arguments, names, parameters
from next_mm.apis.checks.value_types import check_types
from next_mm.errors import ConfigError
from next_mm.utils.conventions import DeclaresOptionKeys
from next_mm.utils.options import check_choice, check_integer, check_keys, did_you_mean

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
_ENV_KEYS = ('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit')
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

_LOOP_PARTS = {
    'train': 'optim_wrapper',
    'val': 'val_evaluator',
    'test': 'test_evaluator',
}  # what a loop needs beside cfg and loader

_SECTIONS: dict[str, Registry] = {
    'model': ours.MODELS,
    'model_wrapper_cfg': ours.MODEL_WRAPPERS,
    'data_preprocessor': ours.MODELS,
    'param_scheduler': ours.PARAM_SCHEDULERS,
    'default_hooks': ours.HOOKS,
    'custom_hooks': ours.HOOKS,
    'val_evaluator': ours.METRICS,
    'test_evaluator': ours.METRICS,
    'visualizer': ours.VISUALIZERS,
    'log_processor': ours.LOG_PROCESSORS,
    'prepare': ours.TASK_UTILS,
}
_DICTIONARIES = (
    'auto_scale_lr',
    'default_hooks',
    'env_cfg',
    'log_processor',
    'model',
    'optim_wrapper',
    'prepare',
    'randomness',
    *(f'{loop}_{part}' for loop in ('train', 'val', 'test') for part in ('cfg', 'dataloader')),
)
_COMPONENT_LISTS = ('metrics', 'pipeline', 'transforms', 'vis_backends')
_LISTS = ('custom_hooks', 'param_scheduler', 'test_evaluator', 'val_evaluator')
_LOG_LEVELS = ('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL')
_NESTED: dict[str, Registry] = {
    'dataset': ours.DATASETS,
    'datasets': ours.DATASETS,
    'sampler': ours.DATA_SAMPLERS,
    'batch_sampler': ours.DATA_SAMPLERS,
    'pipeline': ours.TRANSFORMS,
    'transforms': ours.TRANSFORMS,
    'optimizer': ours.OPTIMIZERS,
    'vis_backends': ours.VISBACKENDS,
    'init_cfg': ours.WEIGHT_INITIALIZERS,
    'data_preprocessor': ours.MODELS,
    'metrics': ours.METRICS,
}
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
# Keys that mmengine takes out of a component's config before it calls the constructor.
_READ_BY_BUILDER = {'type', '_scope_'}
_READ_BY_SECTION = {ours.HOOKS.name: {'priority'}, ours.PARAM_SCHEDULERS.name: {'convert_to_iter_based'}}


def check_config(cfg: Config) -> None:
    """Check the keys of a whole config: top level, environment, hooks, loops, data loaders and every component.

    Args:
        cfg: a config as :func:`next_mm.apis.load_config` returns it.

    Raises:
        ConfigError: an unknown key or type, named with its place and the closest known one.
    """
    _check_shapes(cfg)
    check_no_nan('', cfg.to_dict())
    top = [key for key in cfg if not key.startswith('_')]
    check_keys('the config', top, _RUNNER_KEYS | _EXTRA_KEYS)
    check_types('', cfg.to_dict(), parameters(Runner.__init__))
    _check_environment(cfg.get('env_cfg') or {})
    check_keys('randomness', cfg.get('randomness') or {}, _RANDOMNESS_KEYS)
    check_types('randomness', cfg.get('randomness') or {}, parameters(Runner.set_randomness))
    check_keys('default_hooks', cfg.get('default_hooks') or {}, _HOOK_KEYS)
    check_keys('auto_scale_lr', cfg.get('auto_scale_lr') or {}, ('enable', 'base_batch_size'))
    _check_flag('auto_scale_lr.enable', (cfg.get('auto_scale_lr') or {}).get('enable', False))
    _check_imports(cfg.get('custom_imports'))
    for name, further in _LOOP_PARTS.items():
        _check_complete(cfg, (f'{name}_dataloader', f'{name}_cfg', further))
        _check_loop(f'{name}_cfg', cfg.get(f'{name}_cfg'))
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        _check_loader(key, cfg.get(key))
    for key, section in _SECTIONS.items():
        part = cfg.get(key)
        if key == 'model' and isinstance(part, Mapping) and part.get('num_classes', 0) is None:
            part = {**part, 'num_classes': 0}  # counted before the model is built
        _check_components(key, part, section, _DEFAULT_TYPES.get(key))
    _check_optim_wrapper('optim_wrapper', cfg.get('optim_wrapper'))
    for key in ('auto_scale_lr', 'param_scheduler', 'default_hooks'):
        check_bounds(key, cfg.get(key))
    check_integer('randomness.seed', (cfg.get('randomness') or {}).get('seed') or 0, 0)
    _check_load_ignore(cfg.get('load_ignore'))


def _check_shapes(cfg: Config) -> None:
    """Refuse a part of the config that is no dictionary, or no list of them, where one is expected."""
    for key in _DICTIONARIES:
        if cfg.get(key) is not None:
            _expect(key, cfg[key], Mapping, 'a dictionary')
    for key in _LISTS:
        parts = cfg.get(key)
        if parts is not None and not isinstance(parts, Mapping):
            _expect(key, parts, (list, tuple), 'a dictionary or a list of them')
            for index, part in enumerate(parts):
                _expect(f'{key}[{index}]', part, Mapping, 'a dictionary')
    if cfg.get('find_unused_parameters') is not None:
        _check_flag('find_unused_parameters', cfg.find_unused_parameters)
    if not isinstance(cfg.get('default_scope', 'next_mm'), str) or not cfg.get('default_scope', 'next_mm'):
        raise ConfigError(f'default_scope: expected the name of a scope, such as next_mm, got {cfg.default_scope!r}')
    if cfg.get('log_level') is not None:
        check_choice('log_level', cfg.log_level, _LOG_LEVELS)
    if isinstance(cfg.get('model'), Mapping) and cfg.model.get('type') is None:
        raise ConfigError('model.type: expected the name of a class, got None')


def _check_environment(environment: Mapping[str, Any]) -> None:
    """Check ``env_cfg``, which the Runner takes as it is."""
    check_keys('env_cfg', environment, _ENV_KEYS)
    for part in ('mp_cfg', 'dist_cfg'):
        _expect(f'env_cfg.{part}', environment.get(part, {}), Mapping, 'a dictionary')
    check_keys('env_cfg.mp_cfg', environment.get('mp_cfg', {}), names(set_multi_processing))
    check_types('env_cfg.mp_cfg', environment.get('mp_cfg', {}), parameters(set_multi_processing))
    _expect(
        'env_cfg.dist_cfg.backend', environment.get('dist_cfg', {}).get('backend', ''), str, 'the name of a backend'
    )
    _check_flag('env_cfg.cudnn_benchmark', environment.get('cudnn_benchmark', False))


def _check_imports(imports: Any) -> None:
    """Check ``custom_imports``, which mmengine reads before this project sees the config."""
    if imports is None:
        return
    _expect('custom_imports', imports, Mapping, "a dictionary, such as dict(imports=['my_module'])")
    modules = imports.get('imports')
    if not isinstance(modules, (str, list, tuple)) or not all(isinstance(module, str) for module in modules):
        raise ConfigError(f'custom_imports.imports: expected a list of names of modules, got {modules!r}')


def _check_flag(where: str, value: Any) -> None:
    _expect(where, value, bool, 'True or False')


def _expect(where: str, value: Any, kind: Any, words: str) -> None:
    if not isinstance(value, kind):
        raise ConfigError(f'{where}: expected {words}, got {value!r}')


def _check_load_ignore(prefixes: Any) -> None:
    if prefixes is None:
        return
    if not isinstance(prefixes, (list, tuple)) or not all(isinstance(prefix, str) for prefix in prefixes):
        raise ConfigError(f"load_ignore: expected a list of names of weights, such as ['branches'], got {prefixes!r}")


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
        _check_components(where, {**loop, 'optim_wrapper': {}} if 'optim_wrapper' in loop else loop, ours.LOOPS)
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
    check_bounds(where, {key: loader[key] for key in ('batch_size', 'num_workers') if key in loader})
    _expect(f'{where}.dataset', loader.get('dataset'), Mapping, 'a dictionary')
    for key in ('sampler', 'batch_sampler'):
        _expect(
            f'{where}.{key}',
            {} if loader.get(key) is None else loader[key],
            Mapping,
            'a dictionary with the type of a sampler',
        )
    for key in ('dataset', 'sampler', 'batch_sampler'):
        _check_components(f'{where}.{key}', loader.get(key), _NESTED[key])
    for key, given in _GIVEN_TO_FUNCTIONS.items():
        function = loader.get(key)
        if function is not None and not callable(function):
            _expect(f'{where}.{key}', function, Mapping, 'a dictionary with the type of a function')
        if isinstance(function, Mapping) and 'type' in function:
            component = _find(f'{where}.{key}', function['type'], ours.FUNCTIONS)
            known = arguments(component)
            if known is not None:
                name = getattr(component, '__name__', function['type'])
                check_keys(f'{where}.{key} ({name})', function, {*known, *_READ_BY_BUILDER} - given)


def _check_optim_wrapper(where: str, cfg: Mapping | None) -> None:
    if cfg is None:
        return
    from torch.nn.utils import clip_grad_norm_, clip_grad_value_

    from next_mm.engine import ReIDOptimWrapperConstructor, check_paramwise

    wrapper = {key: value for key, value in cfg.items() if key not in ('constructor', 'paramwise_cfg', 'optimizer')}
    _check_components(where, wrapper, ours.OPTIM_WRAPPERS, 'OptimWrapper')
    _check_components(f'{where}.optimizer', cfg.get('optimizer'), ours.OPTIMIZERS)
    check_bounds(where, {key: value for key, value in cfg.items() if key != 'paramwise_cfg'})
    clip = cfg.get('clip_grad')
    if clip is not None:
        _expect(f'{where}.clip_grad', clip, Mapping, 'a dictionary')
        by_value = clip.get('type') == 'value'
        known = names(clip_grad_value_ if by_value else clip_grad_norm_) - {'parameters'} | {'type'}
        check_keys(f'{where}.clip_grad', clip, known)
    constructor = cfg.get('constructor')
    if constructor is not None:
        _find(f'{where}.constructor', constructor, ours.OPTIM_WRAPPER_CONSTRUCTORS)
    if constructor == ReIDOptimWrapperConstructor.__name__:
        check_paramwise(cfg.get('paramwise_cfg'))


def _check_components(where: str, cfg: Any, section: Registry, default_type: str | None = None) -> None:
    """Check a component, and all components inside it, against the constructors that they name."""
    if isinstance(cfg, Mapping) and cfg.get('type', where) is None:
        raise ConfigError(f'{where}.type: expected the name of a class, got None')
    if section is ours.PARAM_SCHEDULERS and isinstance(cfg, Mapping):
        _check_flag(f'{where}.convert_to_iter_based', cfg.get('convert_to_iter_based', False))
    if where.rpartition('.')[2] in _COMPONENT_LISTS and isinstance(cfg, (list, tuple)):
        for index, part in enumerate(cfg):
            _expect(f'{where}[{index}]', part, Mapping, 'a dictionary with the type of a component')
    if isinstance(cfg, Mapping):
        kind = cfg.get('type', default_type)
        if kind is not None:
            component = _find(where, kind, section)
            known = arguments(component)
            if known is not None:
                name = getattr(component, '__name__', kind)
                check_keys(
                    f'{where} ({name})', cfg, {*known, *_READ_BY_BUILDER, *_READ_BY_SECTION.get(section.name, ())}
                )
                check_types(where, cfg, known)
            _check_options(where, cfg, component)
    for place, key, inner in _children(where, cfg):
        _check_components(place, inner, _NESTED.get(key, section) if key else section)


def _check_options(where: str, cfg: Mapping, component: Any) -> None:
    """Check the plain dictionaries of options for which a class declares the keys in ``option_keys``."""
    for option, known in component.option_keys.items() if isinstance(component, DeclaresOptionKeys) else ():
        given = cfg.get(option)
        if given is None:
            continue
        if not isinstance(given, Mapping):
            raise ConfigError(
                f'{where}.{option}: expected None or a dictionary with any of {", ".join(known)}, got {given!r}'
            )
        check_keys(f'{where}.{option}', given, known)


def _children(where: str, cfg: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(cfg, Mapping):
        yield from ((f'{where}.{key}', str(key), inner) for key, inner in cfg.items())
    elif isinstance(cfg, (list, tuple)):
        yield from ((f'{where}[{index}]', '', inner) for index, inner in enumerate(cfg))


def _find(where: str, kind: Any, section: Registry) -> Any:
    """Look a type up as the Runner will: in its section, else (a component of another kind inside) anywhere."""
    if not isinstance(kind, str) or not kind:
        if not callable(kind):
            raise ConfigError(f'{where}.type: expected the name of a class, got {kind!r}')
        return kind
    registries = [section, *(r for r in {*_SECTIONS.values(), *_NESTED.values()} if r is not section), ours.FUNCTIONS]
    for registry in registries:
        component = registry.get(kind)
        if component is not None:
            return component
    known = {name for registry in _family(section) for name in registry.module_dict}
    raise ConfigError(f"{where}: type '{kind}' is not registered{did_you_mean(kind, known)}")


def _family(section: Registry | None) -> Iterator[Registry]:
    while section is not None:
        yield section
        section = section.parent
