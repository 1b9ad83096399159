"""Parts of a config that are no components: what must be a dictionary, a list or a flag, environment and imports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.utils.dl_utils import set_multi_processing

from next_mm.apis.checks.known_keys import names, parameters
from next_mm.apis.checks.value_types import check_types
from next_mm.errors import ConfigError
from next_mm.utils.options import check_choice, check_keys

__all__ = ['check_environment', 'check_flag', 'check_imports', 'check_load_ignore', 'check_shapes', 'expect']

_ENV_KEYS = ('cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit')
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
_LISTS = ('custom_hooks', 'param_scheduler', 'test_evaluator', 'val_evaluator')
_LOG_LEVELS = ('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL')


def check_shapes(cfg: Config) -> None:
    """Refuse a part of the config that is no dictionary, or no list of them, where one is expected."""
    for key in _DICTIONARIES:
        if cfg.get(key) is not None:
            expect(key, cfg[key], Mapping, 'a dictionary')
    for key in _LISTS:
        parts = cfg.get(key)
        if parts is not None and not isinstance(parts, Mapping):
            expect(key, parts, (list, tuple), 'a dictionary or a list of them')
            for index, part in enumerate(parts):
                expect(f'{key}[{index}]', part, Mapping, 'a dictionary')
    if cfg.get('find_unused_parameters') is not None:
        check_flag('find_unused_parameters', cfg.find_unused_parameters)
    if not isinstance(cfg.get('default_scope', 'next_mm'), str) or not cfg.get('default_scope', 'next_mm'):
        raise ConfigError(f'default_scope: expected the name of a scope, such as next_mm, got {cfg.default_scope!r}')
    if cfg.get('log_level') is not None:
        check_choice('log_level', cfg.log_level, _LOG_LEVELS)
    if isinstance(cfg.get('model'), Mapping) and cfg.model.get('type') is None:
        raise ConfigError('model.type: expected the name of a class, got None')


def check_environment(environment: Mapping[str, Any]) -> None:
    """Check ``env_cfg``, which the Runner takes as it is."""
    check_keys('env_cfg', environment, _ENV_KEYS)
    for part in ('mp_cfg', 'dist_cfg'):
        expect(f'env_cfg.{part}', environment.get(part, {}), Mapping, 'a dictionary')
    check_keys('env_cfg.mp_cfg', environment.get('mp_cfg', {}), names(set_multi_processing))
    check_types('env_cfg.mp_cfg', environment.get('mp_cfg', {}), parameters(set_multi_processing))
    expect('env_cfg.dist_cfg.backend', environment.get('dist_cfg', {}).get('backend', ''), str, 'the name of a backend')
    check_flag('env_cfg.cudnn_benchmark', environment.get('cudnn_benchmark', False))


def check_imports(imports: Any) -> None:
    """Check ``custom_imports``, which mmengine reads before this project sees the config."""
    if imports is None:
        return
    expect('custom_imports', imports, Mapping, "a dictionary, such as dict(imports=['my_module'])")
    modules = imports.get('imports')
    if not isinstance(modules, (str, list, tuple)) or not all(isinstance(module, str) for module in modules):
        raise ConfigError(f'custom_imports.imports: expected a list of names of modules, got {modules!r}')


def check_flag(where: str, value: Any) -> None:
    expect(where, value, bool, 'True or False')


def expect(where: str, value: Any, kind: Any, words: str) -> None:
    if not isinstance(value, kind):
        raise ConfigError(f'{where}: expected {words}, got {value!r}')


def check_load_ignore(prefixes: Any) -> None:
    if prefixes is None:
        return
    if not isinstance(prefixes, (list, tuple)) or not all(isinstance(prefix, str) for prefix in prefixes):
        raise ConfigError(f"load_ignore: expected a list of names of weights, such as ['branches'], got {prefixes!r}")
