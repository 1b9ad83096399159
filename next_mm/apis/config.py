"""From a config file to a checked config."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log

from next_mm.apis.checks.config import check_config
from next_mm.errors import ConfigError
from next_mm.models import ReIDModel
from next_mm.registry import MODELS
from next_mm.utils.files import find_config
from next_mm.utils.weights import RANDOM_WEIGHTS

__all__ = [
    'apply_amp',
    'complete_config',
    'drop_captions',
    'drop_pretrained',
    'drop_weights',
    'find_config',
    'find_projects',
    'load_config',
    'show_rank_lists',
    'without_pretrained',
]


def load_config(
    path: str | Path, options: dict[str, Any] | None = None, *, work_dir: str | Path | None = None
) -> Config:
    """Read a config file, merge options into it, and check every key.

    Where the model reads no captions, the datasets load none (``caption_dir=None``).

    A config file is Python and is executed: run only those you trust. ``custom_imports`` finds ``projects/`` beside the
    folder of configs, wherever the command is run; relative paths in a config are those of the current folder.

    Args:
        path: the config file.
        options: dotted keys to values, as ``--cfg-options`` gives them: ``{'train_cfg.max_epochs': 2}``.
        work_dir: folder of checkpoints and logs; without it the config's own, or ``work_dirs/<name of the config>``.

    Raises:
        FileNotFoundError: no such file.
        ConfigError: not Python, Python that fails, a module of ``custom_imports`` that cannot be imported, an option
            that leads nowhere, or an unknown key or type; it is named with its place and the closest known one.
    """
    path = find_config(path)
    _import_projects(path)
    try:
        cfg = Config.fromfile(str(path))
    except SyntaxError as error:
        raise ConfigError(f'{path}: not a config, which is Python ({error})') from error
    except ImportError as error:
        raise ConfigError(f'{path}: what it imports cannot be imported ({_first_cause(error)})') from error
    except OSError:
        raise
    except Exception as error:  # a config is a program of the user's, and so is whatever goes wrong in it
        raise ConfigError(f'{path}: reading this config ended with {type(error).__name__}: {error}') from error
    return complete_config(cfg, path, options, work_dir)


def complete_config(
    cfg: Config, path: str | Path, options: dict[str, Any] | None = None, work_dir: str | Path | None = None
) -> Config:
    """Merge options into a config that was read, and check every key; see :func:`load_config`.

    Args:
        cfg: changed in place.
        path: where it was read from.
        options: dotted keys to values.
        work_dir: folder of checkpoints and logs.
    """
    if options:
        _merge(cfg, options)
    if work_dir is not None:
        cfg.work_dir = str(work_dir)
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(path).stem)
    if cfg.get('model') is None:
        raise ConfigError(
            f'{path}: no model; is it one of the base files (configs/_base_)? Take a leaf, such as '
            'configs/next_synthetic.py'
        )
    cfg.setdefault('default_scope', 'next_mm')
    check_config(cfg)
    if _drop_unread_captions(cfg):
        for key, value in (options or {}).items():
            if key.endswith('.caption_dir') and value is not None:
                message = f'{key}={value!r}: {cfg.model.type} reads no captions, so none are loaded'
                print_log(message, 'current', logging.WARNING)
    return cfg


def _merge(cfg: Config, options: Mapping[str, Any]) -> None:
    """Put options into a config in place; unlike mmengine's own, they may give an entry of a list anew."""
    for key in options:
        _check_place(cfg.to_dict(), key, options)
    entries = {key: value for key, value in options.items() if _in_list(cfg, key) and not isinstance(value, Mapping)}
    try:
        cfg.merge_from_dict({key: value for key, value in options.items() if key not in entries})
    except (AssertionError, AttributeError, KeyError, TypeError) as error:
        raise ConfigError(f'--cfg-options {" ".join(options)}: cannot be put into the config ({error})') from error
    for key, value in entries.items():
        place, _, index = key.rpartition('.')
        found = [*_entry(cfg, place)]
        found[int(index)] = value
        cfg.merge_from_dict({place: found})


def _entry(cfg: Config, place: str) -> Any:
    """The value at a dotted place, ``None`` where there is none."""
    node: Any = cfg
    for part in place.split('.'):
        if isinstance(node, (list, tuple)) and part.isdecimal():
            node = node[int(part)]
        elif isinstance(node, (Mapping, Config)):
            node = node.get(part)
        else:
            return None
    return node


def _in_list(cfg: Config, key: str) -> bool:
    """Whether a dotted key leads to an entry of a list that is there."""
    place = key.rpartition('.')[0]
    return bool(place) and isinstance(_entry(cfg, place), (list, tuple))


def _drop_unread_captions(cfg: Config) -> bool:
    """Load no captions where the model reads none: then the data need not have any; returns whether it reads none."""
    model = MODELS.get(cfg.model.type) if isinstance(cfg.model.type, str) else cfg.model.type
    if not (isinstance(model, type) and issubclass(model, ReIDModel)) or model.config_reads_captions(cfg.model):
        return False
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = (cfg.get(name) or {}).get('dataset') or {}
        if dataset.get('caption_dir') is not None:
            dataset['caption_dir'] = None
    return True


def _first_cause(error: BaseException) -> BaseException:
    """What went wrong first: mmengine wraps a failed import twice, and its own text lists ``sys.path`` instead."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def _check_place(cfg: dict[str, Any], key: str, options: Mapping[str, Any]) -> None:
    """Refuse an option that leads nowhere: beyond the end of a list, or into a value that has no entries."""
    node: Any = cfg
    parts = key.split('.')
    for depth, part in enumerate(parts):
        place = '.'.join(parts[:depth])
        if f'{place}._delete_' in options:
            return
        if isinstance(node, Mapping):
            if part not in node:
                return  # a new key, for check_config to judge
            node = node[part]
        elif isinstance(node, list):
            if not part.isdecimal() or int(part) >= len(node):
                raise ConfigError(f'{key}: {place} has {len(node)} entries, numbered from 0; there is no {part!r}')
            node = node[int(part)]
        else:
            raise ConfigError(
                f'{key}: {place} is {node!r} and has no entries; {place}._delete_=True puts a dictionary in its place'
            )


def find_projects(path: Path) -> Path | None:
    """Return the folder of ``projects`` above a config: an installed next_mm does not bring it along."""
    return next((parent for parent in path.resolve().parents if (parent / 'projects').is_dir()), None)


def _import_projects(path: Path) -> None:
    """Make ``projects.*`` importable."""
    folder = find_projects(path)
    if folder is not None and str(folder) not in sys.path:
        sys.path.append(str(folder))


def drop_pretrained(cfg: Config) -> None:
    """Name no pretrained weights anywhere in the model, so that it is built with random ones and nothing is read.

    Args:
        cfg: changed in place.
    """
    cfg.model = without_pretrained(cfg.model.to_dict())


def without_pretrained(config: Any) -> Any:
    """Return a model config, or a part of one, that names no pretrained weights anywhere."""
    if isinstance(config, dict):
        return {key: None if key == 'pretrained' else without_pretrained(inner) for key, inner in config.items()}
    if isinstance(config, (list, tuple)):
        return [without_pretrained(inner) for inner in config]
    return config


def drop_weights(cfg: Config) -> None:
    """Name no weights at all in the model, pretrained or of a network that stays as it is, so that it can be counted.

    A model that shall encode pictures needs the latter: see :func:`drop_pretrained`.

    Args:
        cfg: changed in place.
    """
    drop_pretrained(cfg)

    def drop(node: Any) -> None:
        if isinstance(node, dict):
            node.update({'weights': RANDOM_WEIGHTS} if isinstance(node.get('weights'), str) else {})
        for inner in node.values() if isinstance(node, dict) else node if isinstance(node, (list, tuple)) else ():
            drop(inner)

    drop(cfg.model)


def drop_captions(cfg: Config) -> None:
    """Test without captions, so that triplets that have some and triplets that have none are compared alike.

    Args:
        cfg: changed in place.

    Raises:
        ConfigError: there is no pipeline of a test set that packs triplets.
    """
    dataset: Any = (cfg.get('test_dataloader') or {}).get('dataset') or {}
    pipeline = list(dataset.get('pipeline') or [])
    places = [place for place, step in enumerate(pipeline) if step.get('type') == 'PackTriplet']
    if not places:
        raise ConfigError('test_dataloader.dataset.pipeline: expected a step PackTriplet, before which captions go')
    dataset.pipeline = [*pipeline[: places[0]], dict(type='DropCaptions'), *pipeline[places[0] :]]


def apply_amp(cfg: Config, dtype: str) -> None:
    """Train in mixed precision.

    Args:
        cfg: changed in place.
        dtype: ``'bf16'`` or ``'fp16'``.

    Raises:
        ConfigError: the config has another optimizer wrapper that this would replace.
    """
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if kind not in ('OptimWrapper', 'AutocastOptimWrapper'):
        raise ConfigError(f'--amp replaces optim_wrapper.type OptimWrapper, but the config has {kind}')
    cfg.optim_wrapper.type = 'AutocastOptimWrapper'
    cfg.optim_wrapper.dtype = dtype


def show_rank_lists(cfg: Config, folder: str | Path) -> None:
    """Draw rank lists when the config is tested.

    Args:
        cfg: changed in place.
        folder: where the pictures go.
    """
    hooks = [dict(hook) for hook in cfg.get('custom_hooks') or []]
    hook = next((hook for hook in hooks if hook['type'] == 'RankListHook'), None)
    if hook is None:
        hook = dict(type='RankListHook')
        hooks.append(hook)
    hook['out_dir'] = str(folder)
    cfg.custom_hooks = hooks
