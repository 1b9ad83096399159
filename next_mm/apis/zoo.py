"""The methods of the package: what each is, and what its paper or the comparisons of NEXT's paper publish of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from next_mm.apis.config import drop_pretrained, find_config, load_config
from next_mm.apis.training import build_model
from next_mm.engine import read_checkpoint
from next_mm.errors import ConfigError
from next_mm.models.reid_model import ReIDModel
from next_mm.models.text.base import TOWER
from next_mm.registry import MODELS
from next_mm.utils.options import did_you_mean

__all__ = ['COSTS', 'DATASETS', 'INPUTS', 'Method', 'find_leaf', 'get_model', 'list_methods', 'read_method']

DATASETS = ('rgbnt201', 'market_mm', 'msvr310', 'rgbnt100', 'wmveid863')
"""The datasets of Tables II and III, by the names of their configs."""
INPUTS = ('pictures', 'captions', 'cameras', 'poses')
"""What a method can read at test time."""
COSTS = ('params M', 'G MACs')
"""What Table VIII says of a method: trainable parameters and multiply-accumulates a triplet."""


@dataclass(frozen=True)
class Method:
    """What ``next_mm/methods/<name>/metafile.yml`` says of a method.

    Attributes:
        name: folder of the method, also in ``configs/``.
        title: its name in tables.
        paper: address of the paper.
        venue: where it appeared, with the year.
        input: what it reads, some of :data:`INPUTS`.
        published: dataset, one of :data:`DATASETS`, to ``{'mAP': ..., 'R-1': ...}`` in percent, as
            Tables II and III print them.
        cost: :data:`COSTS` on RGBNT201 as Table VIII prints them, empty for a method that it does not list.
    """

    name: str
    title: str
    paper: str
    venue: str
    input: tuple[str, ...]
    published: Mapping[str, Mapping[str, float]]
    cost: Mapping[str, float] = field(default_factory=dict)


def list_methods() -> list[Method]:
    """Return every method of the package, by name."""
    folders = files('next_mm.methods').iterdir()
    found = [folder / 'metafile.yml' for folder in folders if folder.is_dir()]
    return sorted(
        (read_method(file.read_text(encoding='utf-8')) for file in found if file.is_file()), key=lambda m: m.name
    )


def find_leaf(name: str, dataset: str | None = None) -> Path:
    """Return the config of a method for a dataset, by default for the first that it has a published figure on.

    Args:
        name: folder of the method.
        dataset: one of :data:`DATASETS`, or ``'synthetic'``.

    Raises:
        ConfigError: no such method, or it has no config for the dataset.
    """
    methods = {method.name: method for method in list_methods()}
    if name not in methods:
        raise ConfigError(f'{name!r} is no method{did_you_mean(name, methods)}')
    dataset = dataset or next((known for known in DATASETS if known in methods[name].published), DATASETS[0])
    for place in (f'configs/{name}/{name}_{dataset}.py', f'configs/{name}_{dataset}.py'):
        try:
            return find_config(place)
        except FileNotFoundError:
            continue
    raise ConfigError(f'{name} has no config for {dataset!r}, expected configs/{name}/{name}_{dataset}.py')


def get_model(name: str, *, dataset: str | None = None, pretrained: str | Path | None = None) -> ReIDModel:
    """Build a method's model in evaluation mode.

    Args:
        name: folder of the method, see :func:`list_methods`.
        dataset: whose config describes the model, see :func:`find_leaf`.
        pretrained: a checkpoint of ours, such as ``tools/convert_checkpoint.py`` writes; ``None``: random weights.
            A frozen text tower that the checkpoint does not hold is the one that the config names.

    Raises:
        ConfigError: see :func:`find_leaf`.
        CheckpointError: the checkpoint is not this model's.
    """
    cfg = load_config(find_leaf(name, dataset))
    text = dict(cfg.model.get('text') or {})
    drop_pretrained(cfg)
    if pretrained is not None and 'pretrained' in text and MODELS.get(cfg.model.type).config_reads_captions(cfg.model):
        held = read_checkpoint(pretrained)['state_dict']
        if not any(key.startswith(f'text.{TOWER}') for key in held):
            cfg.model.text.pretrained = text['pretrained']
    return build_model(cfg, pretrained)


def read_method(text: str) -> Method:
    """Read the text of a ``metafile.yml``.

    Raises:
        ConfigError: a key is missing or unknown, or names no dataset, input or measure that there is.
    """
    data: dict[str, Any] = yaml.safe_load(text)
    expected = [each.name for each in fields(Method)]
    needed = {each.name for each in fields(Method) if each.default_factory is MISSING}
    if not isinstance(data, dict) or not needed <= set(data) <= set(expected):
        came = ', '.join(map(str, data)) if isinstance(data, dict) else repr(data)
        raise ConfigError(f'metafile.yml: expected the keys {", ".join(expected)}, got {came}')
    name = data['name']
    for kind in data['input']:
        _expect(f'{name}: input', kind, INPUTS)
    for dataset, figures in data['published'].items():
        _expect(f'{name}: published', dataset, DATASETS)
        if sorted(figures) != ['R-1', 'mAP']:
            raise ConfigError(f'{name}: published.{dataset}: expected mAP and R-1, got {", ".join(map(str, figures))}')
    if data.get('cost') and sorted(data['cost']) != sorted(COSTS):
        raise ConfigError(f'{name}: cost: expected {" and ".join(COSTS)}, got {", ".join(map(str, data["cost"]))}')
    return Method(**{**data, 'input': tuple(data['input'])})


def _expect(place: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigError(f'metafile.yml of {place}: expected some of {", ".join(choices)}, got {value!r}')
