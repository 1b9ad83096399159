"""A study is a set of configs with a common prefix: each ``configs/ablations/<study>_<row>.py`` is one row of its table."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from next_mm.errors import ConfigError, UserError

DATASET_VARIABLE = 'NEXT_DATASET'
"""Environment variable that the rows' configs read to choose their experiment, ``configs/_base_/experiments/<name>.py``."""

TITLES = {
    'table4': 'Table IV: modules',
    'table5': 'Table V: caption source and quality',
    'table6': 'Table VI: sampling of the semantic experts',
    'table7': 'Table VII: routers',
    'table8': 'Table VIII: cost, with and without text',
    'fig6': 'Fig. 6: sentence-sampling probability',
    'fig8': 'Fig. 8: number of experts',
    'missing': 'Missing modalities: trained and tested on a subset, and modality dropout',
}
ROW_KEYS = {'label', 'paper'}


@dataclass(frozen=True)
class Row:
    """One row of a study.

    Attributes:
        name: file name of the config without its suffix.
        label: what the row is, as the table prints it.
        config: path of the leaf.
        paper: the paper's figures by dataset, e.g. ``{'rgbnt201': {'mAP': 82.4, 'R-1': 86.6}}``.
        digest: of the resolved configuration; rows with the same digest share their runs.
        resolved: the resolved configuration.
    """

    name: str
    label: str
    config: Path
    paper: dict[str, dict[str, float]]
    digest: str
    resolved: Config = field(repr=False, compare=False)


@contextmanager
def dataset_in_environment(dataset: str) -> Iterator[None]:
    """Choose the dataset of the ablation leaves that are loaded inside."""
    before = os.environ.get(DATASET_VARIABLE)
    os.environ[DATASET_VARIABLE] = dataset
    try:
        yield
    finally:
        if before is None:
            del os.environ[DATASET_VARIABLE]
        else:
            os.environ[DATASET_VARIABLE] = before


def list_studies(config_dir: Path) -> dict[str, list[Path]]:
    """The studies below ``config_dir`` and their rows' configs, in the order of their names."""
    studies: dict[str, list[Path]] = {}
    for path in sorted(config_dir.glob('*_*.py')):
        studies.setdefault(path.stem.split('_')[0], []).append(path)
    return studies


def load_study(
    study: str, dataset: str, config_dir: Path, only: tuple[str, ...] = (), options: dict[str, Any] | None = None
) -> list[Row]:
    """Load the rows of a study for a dataset.

    Args:
        study: prefix of the rows' file names.
        dataset: name of an experiment, e.g. ``synthetic`` or ``rgbnt201``.
        config_dir: where the rows' configs are.
        only: names of rows, with or without the study's prefix; empty means all.
        options: dotted keys to values, changed in every row alike.

    Raises:
        UserError: there is no such study, dataset or row.
    """
    studies = list_studies(config_dir)
    if study not in studies:
        raise UserError(
            f'study {study!r} has no configs {config_dir}/{study}_*.py; there are: {", ".join(studies) or "none"}'
        )
    experiments = sorted(path.stem for path in (config_dir.parent / '_base_' / 'experiments').glob('*.py'))
    if dataset not in experiments:
        raise UserError(f'dataset {dataset!r} has no experiment; there are: {", ".join(experiments) or "none"}')
    names = {path.stem.removeprefix(f'{study}_'): path for path in studies[study]}
    wanted = [name.removeprefix(f'{study}_') for name in only] or list(names)
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise UserError(f'study {study!r} has no row {", ".join(unknown)}; there are: {", ".join(names)}')
    return [load_row(names[name], dataset, options) for name in wanted]


def load_row(path: Path, dataset: str, options: dict[str, Any] | None = None) -> Row:
    """Load one row's config for a dataset; arguments as in :func:`load_study`.

    Raises:
        ConfigError: its ``_row`` lacks a label or has keys that no one reads.
    """
    from next_mm.apis import load_config  # late, so that the command line's help stays fast

    with dataset_in_environment(dataset):
        resolved = load_config(path, options)
    row = resolved.get('_row', {})
    if 'label' not in row or set(row) - ROW_KEYS:
        raise ConfigError(f"{path}: expected _row=dict(label=..., paper={{dataset: {{'mAP': ...}}}}), got {row}")
    return Row(path.stem, row['label'], path, dict(row.get('paper', {})), digest_config(resolved), resolved)


def digest_config(config: Config) -> str:
    """Short digest of what a configuration trains; helpers (``_row`` and the like) and the work directory do not count."""
    content = {key: value for key, value in config.to_dict().items() if not key.startswith('_') and key != 'work_dir'}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:8]


def is_synthetic(config: Config) -> bool:
    """Whether an experiment's pictures are rendered (the synthetic data), so that its figures must be called synthetic."""
    return bool((config.test_dataloader.dataset.get('metainfo') or {}).get('synthetic'))
