"""Read the config that a run left in its folder, without executing anything that the folder holds.

The folder of a run may come from somebody else. What is in its config can name modules and classes, so a name counts
only if it leads out of the folder: to a registered class, or to a module that the user has.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from mmengine.config import Config

import next_mm
from next_mm.apis.config import complete_config
from next_mm.engine import read_plain_config
from next_mm.errors import ConfigError

__all__ = ['find_run_config', 'load_run_config']

_SCOPES = ('next_mm', 'mmengine')


def find_run_config(work_dir: str | Path) -> Path:
    """Return the file of the resolved config that MMEngine left in the folder of a run, the newest of several.

    Raises:
        FileNotFoundError: there is none.
    """
    configs = sorted(Path(work_dir).glob('*.py'), key=lambda path: path.stat().st_mtime)
    if not configs:
        raise FileNotFoundError(f'{work_dir} holds no configuration (*.py); is it the work directory of a run?')
    return configs[-1]


def load_run_config(work_dir: str | Path, options: dict[str, Any] | None = None) -> Config:
    """Read the config of a run as plain values, merge options into it, and check every key.

    Args:
        work_dir: the folder of the run.
        options: dotted keys to values, as ``--cfg-options`` gives them.

    Raises:
        FileNotFoundError: there is no config.
        ConfigError: it holds more than plain values, names a class by its module, or a module in the folder; or see
            :func:`next_mm.apis.load_config`.
    """
    path = find_run_config(work_dir)
    try:
        values = read_plain_config(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ConfigError(f'{path}: expected the config that a run wrote, but {error}. {_TRUST}') from error
    for place, kind in _types('', values):
        if '.' in kind:
            raise ConfigError(f'{path}: {place}={kind!r} names a class by its module. {_TRUST}')
    if values.get('default_scope', 'next_mm') not in _SCOPES:
        raise ConfigError(f'{path}: default_scope={values["default_scope"]!r}, expected one of {_SCOPES}. {_TRUST}')
    _import_modules(path, values.get('custom_imports') or {})
    return complete_config(Config(values, filename=str(path)), path, options, work_dir)


_TRUST = (
    'The config of a run is read, not executed. If you trust it, name it: --config FILE, where the tool has that '
    'option.'
)


def _types(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield every entry that names a class or a scope, with its place."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            where = f'{place}.{key}' if place else str(key)
            if key in ('type', 'constructor', '_scope_') and isinstance(inner, str):
                yield where, inner
            yield from _types(where, inner)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _types(f'{place}.{index}', inner)


def _import_modules(path: Path, custom_imports: Any) -> None:
    """Import what the config imports, if it lies outside the folder."""
    names = custom_imports.get('imports') if isinstance(custom_imports, Mapping) else custom_imports
    names = [names] if isinstance(names, str) else names or []
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise ConfigError(f'{path}: custom_imports: expected names of modules, got {names!r}')
    for name in names:
        _find_projects(name)
        folder = path.resolve().parent
        if any(place.is_relative_to(folder) or folder.is_relative_to(place) for place in _places(name)):
            raise ConfigError(f'{path}: custom_imports names {name}, which lies in or around the folder. {_TRUST}')
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise ConfigError(f'{path}: custom_imports: {name} cannot be imported ({error})') from error


def _find_projects(name: str) -> None:
    """Make ``projects.*`` importable from the current folder or beside the package, as for a config of one's own."""
    roots = (Path.cwd(), Path(next_mm.__file__).parents[1])
    root = next((root for root in roots if (root / 'projects').is_dir()), None)
    if name.partition('.')[0] == 'projects' and root is not None and str(root) not in sys.path:
        sys.path.append(str(root))


def _places(name: str) -> Iterator[Path]:
    """Yield the files and folders that importing a module would execute or search, without importing any."""
    search: Sequence[str] | None = None
    parts = name.split('.')
    for depth in range(len(parts)):
        if depth == 0 and parts[0] in sys.modules:
            search = getattr(sys.modules[parts[0]], '__path__', None)
            continue
        spec = PathFinder.find_spec('.'.join(parts[: depth + 1]), search)
        if spec is None:
            return
        if spec.origin is not None and spec.has_location:
            yield Path(spec.origin).resolve()
        search = list(spec.submodule_search_locations or ())
        yield from (Path(place).resolve() for place in search)
