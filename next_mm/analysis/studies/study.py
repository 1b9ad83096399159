"""A study is one file, ``configs/studies/<name>.py``: its ``title`` and the ``rows`` of its table.

Each row names a config and what it changes there. With ``untrained = True`` every row is also tested as its training
starts, and the table has a column for it::

    title = 'Table VI: sampling'
    config = '../next_{dataset}.py'  # of every row that names none; relative to this file
    rows = dict(
        a=dict(label='all tokens', changes={'model.neck.semantic.sampling': 'all'}, paper=dict(rgbnt201={'mAP': 79.0})),
        b=dict(label='dynamic threshold', paper=dict(rgbnt201={'mAP': 82.4})),
    )
"""

from __future__ import annotations

import hashlib
import json
import runpy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from next_mm.errors import ConfigError, UserError

if TYPE_CHECKING:
    from mmengine.config import Config

__all__ = ['Row', 'Study', 'StudyFile', 'digest_config', 'find_study', 'is_synthetic', 'list_studies', 'load_study']

_STUDY_KEYS = ('title', 'config', 'rows', 'untrained')
_ROW_KEYS = ('label', 'config', 'changes', 'paper')


@dataclass(frozen=True)
class Row:
    """One row of a study, for one dataset.

    Attributes:
        name: ``<study>_<row>``.
        label: what the row is, as the table prints it.
        config: path of the config that the row starts from.
        paper: published figures by dataset, e.g. ``{'rgbnt201': {'mAP': 82.4, 'R-1': 86.6}}``.
        digest: of the resolved configuration; rows with the same digest share their runs.
        resolved: the resolved configuration, with the row's changes.
        untrained: whether the model is also tested before its training.
    """

    name: str
    label: str
    config: Path
    paper: Mapping[str, Mapping[str, float]]
    digest: str
    resolved: Config = field(repr=False, compare=False)
    untrained: bool = False


@dataclass(frozen=True)
class Study:
    """The rows of a study for one dataset.

    Attributes:
        name: file name without its suffix.
        title: title of its table.
        dataset: the dataset, as the configs' names have it.
        rows: its rows.
        left_out: names of rows that have no config for this dataset.
    """

    name: str
    title: str
    dataset: str
    rows: Sequence[Row]
    left_out: Sequence[str] = ()


@dataclass(frozen=True)
class StudyFile:
    """What the file of a study says.

    Attributes:
        path: the file.
        title: title of the table.
        rows: name of a row to its label, config, changes and published figures.
        untrained: whether its rows are also tested before their training.
    """

    path: Path
    title: str
    rows: Mapping[str, Mapping[str, Any]]
    untrained: bool = False

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.path.stem

    @classmethod
    def read(cls, path: Path) -> StudyFile:
        """Read the file of a study. It is Python and is executed: run only those you trust.

        Raises:
            ConfigError: it fails, or says something else than a study does.
        """
        try:
            content = runpy.run_path(str(path))
        except Exception as error:  # a study is a program of the user's, and so is whatever goes wrong in it
            raise ConfigError(f'{path}: reading this study ended with {type(error).__name__}: {error}') from error
        said = {
            key: value
            for key, value in content.items()
            if not key.startswith('_') and not isinstance(value, (FunctionType, ModuleType, type))
        }
        _check_names(f'{path}', said, _STUDY_KEYS, ('title', 'rows'))
        if not isinstance(said['rows'], dict) or not said['rows']:
            raise ConfigError(f'{path}: expected rows=dict(name=dict(label=...), ...), got {said["rows"]!r}')
        for name, row in said['rows'].items():
            place = f'{path}: row {name}'
            if not isinstance(row, dict):
                raise ConfigError(f'{place}: expected dict(label=...), got {row!r}')
            _check_names(place, row, _ROW_KEYS, ('label',))
            if 'config' not in row and 'config' not in said:
                raise ConfigError(
                    f"{place}: expected config='../next_{{dataset}}.py' here or once for all rows, got none"
                )
        if not isinstance(said.get('untrained', False), bool):
            raise ConfigError(f'{path}: expected untrained=True or False, got {said["untrained"]!r}')
        shared = {'config': said['config']} if 'config' in said else {}
        rows = {name: {**shared, **row} for name, row in said['rows'].items()}
        return cls(path, said['title'], rows, said.get('untrained', False))

    def config(self, row: str, dataset: str) -> Path:
        """Path of a row's config for a dataset."""
        return self.path.parent / self.rows[row]['config'].format(dataset=dataset)

    def datasets(self) -> list[str]:
        """Names of the datasets that at least one row has a config for."""
        return sorted({name for row in self.rows.values() for name in _fillings(self.path.parent / row['config'])})

    def load_row(self, row: str, dataset: str, options: Mapping[str, Any] | None = None) -> Row:
        """Load a row for a dataset; arguments as in :func:`load_study`."""
        from next_mm.apis import load_config  # late, so that the command line's help stays fast

        options = {**self.rows[row].get('changes', {}), **(options or {})}
        resolved = load_config(self.config(row, dataset), options)
        said = self.rows[row]
        return Row(
            name=f'{self.name}_{row}',
            label=said['label'],
            config=self.config(row, dataset),
            paper=said.get('paper', {}),
            digest=digest_config(resolved),
            resolved=resolved,
            untrained=self.untrained,
        )


def _check_names(place: str, said: Mapping[str, Any], known: Sequence[str], needed: Sequence[str]) -> None:
    unknown = [name for name in said if name not in known]
    if unknown:
        raise ConfigError(f'{place}: unknown {", ".join(unknown)}; expected {", ".join(known)}')
    missing = [name for name in needed if name not in said]
    if missing:
        raise ConfigError(f'{place}: no {", ".join(missing)}')


def _fillings(template: Path) -> list[str]:
    """What can stand for ``{dataset}`` in the name of a config so that the file exists."""
    before, placeholder, after = template.name.partition('{dataset}')
    if not placeholder:
        return []
    return [path.name[len(before) : -len(after)] for path in template.parent.glob(f'{before}*{after}')]


def list_studies(folder: Path) -> list[StudyFile]:
    """Read the studies of a folder, in the order of their names."""
    return [StudyFile.read(path) for path in sorted(folder.glob('*.py'))]


def find_study(study: str, folder: Path) -> StudyFile:
    """Read a study.

    Args:
        study: its name, or the path of its file, which ends in ``.py``.
        folder: where named studies are.

    Raises:
        UserError: there is no such study.
    """
    path = Path(study) if study.endswith('.py') else folder / f'{study}.py'
    if not path.is_file():
        names = ', '.join(sorted(path.stem for path in folder.glob('*.py'))) or 'none'
        raise UserError(f'study {study!r}: no file {path}; there are: {names}')
    return StudyFile.read(path)


def load_study(
    file: StudyFile, dataset: str, *, only: Sequence[str] = (), options: Mapping[str, Any] | None = None
) -> Study:
    """Load the rows of a study for a dataset.

    Args:
        file: the study.
        dataset: name of a dataset, e.g. ``synthetic`` or ``rgbnt201``.
        only: names of rows; empty means all that have a config for the dataset.
        options: dotted keys to values, changed in every row alike.

    Raises:
        UserError: no row has a config for the dataset, or there is no such row.
    """
    unknown = [name for name in only if name not in file.rows]
    if unknown:
        raise UserError(f'study {file.name!r} has no row {", ".join(unknown)}; there are: {", ".join(file.rows)}')
    if dataset not in file.datasets():
        known = ', '.join(file.datasets()) or 'none'
        raise UserError(f'study {file.name!r} has no config for dataset {dataset!r}; there are: {known}')
    there = [name for name in file.rows if file.config(name, dataset).is_file()]
    missing = [name for name in only if name not in there]
    if missing:
        raise UserError(f'study {file.name!r}, row {missing[0]}: no config {file.config(missing[0], dataset)}')
    rows = [file.load_row(name, dataset, options) for name in (only or there)]
    left_out = [] if only else [name for name in file.rows if name not in there]
    return Study(file.name, file.title, dataset, rows, left_out)


def digest_config(config: Config) -> str:
    """Return a short digest of what a configuration trains.

    Helpers, whose names begin with ``_``, and the work directory do not count. Descriptions (.json) count by what they
    say, not by where they lie: a moved checkout finds its runs again.
    """
    content = {
        key: _without_places(value)
        for key, value in config.to_dict().items()
        if not key.startswith('_') and key != 'work_dir'
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:8]


def _without_places(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_places(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_places(inner) for inner in value]
    if isinstance(value, str) and value.endswith('.json') and Path(value).is_file():
        return hashlib.sha256(Path(value).read_bytes()).hexdigest()
    return value


def is_synthetic(config: Config) -> bool:
    """Return whether a config's pictures are rendered, so that its figures must be called synthetic."""
    return bool((config.test_dataloader.dataset.get('metainfo') or {}).get('synthetic'))
