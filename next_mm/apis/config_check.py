"""A misspelt or unknown key in a config is an error that names it, before anything is built.

mmengine's Runner reads its config with ``cfg.get``: a misspelt top-level key is ignored there, and a misspelt argument of a
scheduler or an evaluator shows only when training starts or ends.
"""
from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner, TestLoop, ValLoop
from mmengine.utils.dl_utils import set_multi_processing

from next_mm import registry as ours

__all__ = ['ConfigError', 'check_config']


class ConfigError(ValueError):
    """A config that names what does not exist."""


_RUNNER_KEYS = frozenset(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'}
# What the Runner looks up in the whole config beside its arguments, and what next_mm.apis adds.
_EXTRA_KEYS = frozenset({
    'activation_checkpointing', 'compile', 'custom_imports', 'efficient_conv_bn_eval', 'find_unused_parameters', 'load_ignore',
    'model_wrapper_cfg', 'prepare', 'sync_bn'
})
_HOOK_KEYS = ('runtime_info', 'timer', 'sampler_seed', 'logger', 'param_scheduler', 'checkpoint')
_ENV_KEYS = ('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit')
_RANDOMNESS_KEYS = tuple(inspect.signature(Runner.set_randomness).parameters)[1:]
_LOADER_KEYS = ('dataset', 'sampler', 'batch_sampler', 'collate_fn', 'worker_init_fn', 'num_batch_per_epoch',
                'disable_subprocess_warning')

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
# Built by mmengine from these types where a section names none.
_DEFAULT_TYPES = {'log_processor': 'LogProcessor', 'model_wrapper_cfg': 'MMDistributedDataParallel', 'visualizer': 'Visualizer'}
# Keys that mmengine takes out of a component's config before it calls the constructor.
_READ_BY_BUILDER = {'type', '_scope_'}
# Its **kwargs go to Runner.save_checkpoint, which CheckpointHook already passes all it takes.
_TAKES_NO_MORE = {'CheckpointHook'}
_READ_BY_SECTION = {ours.HOOKS.name: {'priority'}, ours.PARAM_SCHEDULERS.name: {'convert_to_iter_based'}}


def check_config(cfg: Config) -> None:
    """Check the keys of a whole config: top level, environment, hooks, loops, data loaders and every component.

    Args:
        cfg: a config as :func:`next_mm.apis.load_config` returns it.

    Raises:
        ConfigError: an unknown key or type, named with its place and the closest known one.
    """
    top = [key for key in cfg if not key.startswith('_')]
    _check_keys('the config', top, _RUNNER_KEYS | _EXTRA_KEYS)
    _check_keys('env_cfg', cfg.get('env_cfg') or {}, _ENV_KEYS)
    _check_keys('env_cfg.mp_cfg', (cfg.get('env_cfg') or {}).get('mp_cfg') or {}, _names(set_multi_processing))
    _check_keys('randomness', cfg.get('randomness') or {}, _RANDOMNESS_KEYS)
    _check_keys('default_hooks', cfg.get('default_hooks') or {}, _HOOK_KEYS)
    _check_keys('auto_scale_lr', cfg.get('auto_scale_lr') or {}, ('enable', 'base_batch_size'))
    for key in ('train_cfg', 'val_cfg', 'test_cfg'):
        _check_loop(key, cfg.get(key))
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        _check_loader(key, cfg.get(key))
    for key, section in _SECTIONS.items():
        _check_components(key, cfg.get(key), section, _DEFAULT_TYPES.get(key))
    _check_optim_wrapper(cfg.get('optim_wrapper'))


def _check_loop(where: str, loop: Mapping | None) -> None:
    if loop is None:
        return
    if 'type' in loop:
        _check_components(where, loop, ours.LOOPS)
    elif where == 'train_cfg':
        known = EpochBasedTrainLoop if loop.get('by_epoch', True) else IterBasedTrainLoop
        _check_keys(where, loop, {*_names(known), 'by_epoch'} - {'runner', 'dataloader'})
    else:
        _check_keys(where, loop, _names(ValLoop if where == 'val_cfg' else TestLoop) - {'runner', 'dataloader', 'evaluator'})


def _check_loader(where: str, loader: Mapping | None) -> None:
    if loader is None:
        return
    from torch.utils.data import DataLoader
    _check_keys(where, loader, {*_LOADER_KEYS, *_names(DataLoader)})
    for key in ('dataset', 'sampler', 'batch_sampler'):
        _check_components(f'{where}.{key}', loader.get(key), _NESTED[key])


def _check_optim_wrapper(cfg: Mapping | None) -> None:
    if cfg is None:
        return
    from next_mm.engine import ReIDOptimWrapperConstructor, group_parameters
    wrapper = {key: value for key, value in cfg.items() if key not in ('constructor', 'paramwise_cfg', 'optimizer')}
    _check_components('optim_wrapper', wrapper, ours.OPTIM_WRAPPERS, 'OptimWrapper')
    _check_components('optim_wrapper.optimizer', cfg.get('optimizer'), ours.OPTIMIZERS)
    constructor = cfg.get('constructor')
    if constructor is not None:
        _find('optim_wrapper.constructor', constructor, ours.OPTIM_WRAPPER_CONSTRUCTORS)
    if constructor == ReIDOptimWrapperConstructor.__name__:
        _check_keys('optim_wrapper.paramwise_cfg', cfg.get('paramwise_cfg') or {}, _names(group_parameters) - {'model', 'lr'})


def _check_components(where: str, cfg: Any, section: Registry, default_type: str | None = None) -> None:
    """Check a component, and all components inside it, against the constructors that they name."""
    if isinstance(cfg, Mapping):
        kind = cfg.get('type', default_type)
        if kind is not None:
            component = _find(where, kind, section)
            known = _arguments(component)
            if known is not None:
                name = getattr(component, '__name__', kind)
                _check_keys(f'{where} ({name})', cfg, known | _READ_BY_BUILDER | _READ_BY_SECTION.get(section.name, set()))
    for place, key, inner in _children(where, cfg):
        _check_components(place, inner, _NESTED.get(key, section) if key else section)


def _children(where: str, cfg: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(cfg, Mapping):
        yield from ((f'{where}.{key}', str(key), inner) for key, inner in cfg.items())
    elif isinstance(cfg, (list, tuple)):
        yield from ((f'{where}[{index}]', '', inner) for index, inner in enumerate(cfg))


def _find(where: str, kind: Any, section: Registry) -> Any:
    """Look a type up as the Runner will: in its section, else (a component of another kind inside) anywhere."""
    if not isinstance(kind, str):
        return kind
    registries = [section, *(r for r in {*_SECTIONS.values(), *_NESTED.values()} if r is not section), ours.FUNCTIONS]
    for registry in registries:
        component = registry.get(kind)
        if component is not None:
            return component
    known = {name for registry in _family(section) for name in registry.module_dict}
    raise ConfigError(f"{where}: type '{kind}' is not registered{_hint(kind, known)}")


def _family(section: Registry | None) -> Iterator[Registry]:
    while section is not None:
        yield section
        section = section.parent


def _arguments(component: Any) -> set[str] | None:
    """Names that a constructor takes, through ``**kwargs`` to its base classes; ``None`` where anything goes."""
    if not inspect.isclass(component):
        parameters = inspect.signature(component).parameters.values()
        return None if any(p.kind is p.VAR_KEYWORD for p in parameters) else {p.name for p in parameters}
    names: set[str] = set()
    for base in inspect.getmro(component):
        if '__init__' not in vars(base) or base is object:
            continue
        arguments = list(inspect.signature(vars(base)['__init__']).parameters.values())[1:]
        names.update(p.name for p in arguments if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
        if not any(p.kind is p.VAR_KEYWORD for p in arguments):
            return names
    return names if component.__name__ in _TAKES_NO_MORE else None


def _names(function: Any) -> set[str]:
    return set(inspect.signature(function).parameters)


def _check_keys(where: str, keys: Iterable[str], known: Iterable[str]) -> None:
    known = set(known)
    for key in keys:
        if key not in known:
            raise ConfigError(f"{where}: unknown key '{key}'{_hint(key, known)}")


def _hint(word: str, known: Iterable[str]) -> str:
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f'; known are {", ".join(known)}' if len(known) <= 12 else ''
