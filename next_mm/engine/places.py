"""Which place of a config an error comes from that is raised while something is built from it."""

from __future__ import annotations

import traceback
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook

from next_mm.errors import CheckpointError, ConfigError, UserError

__all__ = ['errors_with_place']

_MISTAKES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What constructors raise for values that they cannot use."""
_BUILDERS = {
    'build_log_processor': 'log_processor',
    'build_logger': 'log_level',
    'build_model': 'model',
    'build_optim_wrapper': 'optim_wrapper',
    'build_param_scheduler': 'param_scheduler',
    'build_test_loop': 'test_cfg, test_dataloader or test_evaluator',
    'build_train_loop': 'train_cfg or train_dataloader',
    'build_val_loop': 'val_cfg, val_dataloader or val_evaluator',
    'build_visualizer': 'visualizer',
    'register_custom_hooks': 'custom_hooks',
    'register_default_hooks': 'default_hooks',
    'scale_lr': 'auto_scale_lr',
    'set_randomness': 'randomness',
    'setup_env': 'env_cfg',
}
"""Methods of the Runner that build something, and the part of the config that they build it from."""
_FROM_CONFIG = ('build_from_cfg', 'build_model_from_cfg', 'build_runner_from_cfg', 'build_scheduler_from_cfg')
"""Functions of mmengine's registries; each has the config of what it builds in ``cfg``."""


@contextmanager
def errors_with_place(cfg: Config) -> Iterator[None]:
    """Tell what a constructor raises as a mistake in the config, with the place of what was being built.

    Args:
        cfg: the whole config.

    Raises:
        ConfigError: anything in the context raised what a value that cannot be used raises; the cause is kept.
    """
    try:
        yield
    except (UserError, CheckpointError, OSError, FloatingPointError):
        raise
    except _MISTAKES as error:
        raise ConfigError(f'{_place(error, cfg)}: {_describe(error)}') from error


def _describe(error: BaseException) -> str:
    """Return the first line of what an error says; of one that says nothing, what it stopped at."""
    text = str(error).strip().partition('\n')[0]
    return text or f'{type(error).__name__} at {traceback.extract_tb(error.__traceback__)[-1].line}'


def _place(error: BaseException, cfg: Config) -> str:
    """Name the part of the config from which the frames of an error were building."""
    section, component = 'the config', None
    for frame in _frames(error):
        name = frame.f_code.co_name
        section = _BUILDERS.get(name, section)
        if name == 'before_run' and isinstance(frame.f_locals.get('self'), Hook):
            section = _place_of_hook(type(frame.f_locals['self']).__name__, cfg)
        if name in _FROM_CONFIG and isinstance(frame.f_locals.get('cfg'), Mapping):
            component = frame.f_locals['cfg']
    if component is None or 'type' not in component:
        return section
    kind = component['type'] if isinstance(component['type'], str) else getattr(component['type'], '__name__', '')
    found = next(_find('', cfg.to_dict(), component), section)
    return f'{found} ({kind})'


def _place_of_hook(name: str, cfg: Config) -> str:
    """Name the place of the first hook of a class."""
    for section in ('default_hooks', 'custom_hooks'):
        hooks = cfg.get(section) or {}
        for key, hook in hooks.items() if isinstance(hooks, Mapping) else enumerate(hooks):
            if isinstance(hook, Mapping) and hook.get('type') == name:
                return f'{section}.{key}'
    return f'the hook {name}'


def _frames(error: BaseException) -> Iterator[types.FrameType]:
    """Yield the frames through which an error came, the outermost first."""
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


def _find(place: str, node: Any, component: Mapping[str, Any]) -> Iterator[str]:
    """Yield the places in a config that say no more and no other than a component's config does."""
    if isinstance(node, Mapping):
        if node.get('type') == component['type'] and all(
            key in component and component[key] == value for key, value in node.items()
        ):
            yield place
        children: Any = node.items()
    else:
        children = enumerate(node) if isinstance(node, (list, tuple)) else ()
    for key, inner in children:
        yield from _find(f'{place}.{key}' if place else str(key), inner, component)
