"""What inference needs of a trained model: the model's config, its pipeline, its weights, and a card;
from a pack or a run."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from next_mm import __version__
from next_mm.apis.config import load_config, without_pretrained
from next_mm.apis.run_config import load_run_config
from next_mm.engine import METRICS_FILE, latest_checkpoint, load_weights, read_checkpoint
from next_mm.errors import CheckpointError, ConfigError
from next_mm.models import ReIDModel
from next_mm.models.clip.loading import weights_follow
from next_mm.models.text.base import TOWER
from next_mm.registry import MODELS
from next_mm.retrieval.feature_set import FeatureSpace
from next_mm.utils.files import staged, write_atomically

__all__ = ['CARD', 'ModelBundle', 'load_bundle', 'write_pack']

CARD, WEIGHTS = 'card.json', 'model.safetensors'
INSIDE = 'pack:'
"""Begins a path that lies in the pack."""
FORMAT = 1


@dataclass
class ModelBundle:
    """A model in evaluation mode with all that inference needs.

    Attributes:
        model: the model.
        pipeline: configs of the test pipeline's transforms.
        model_config: config of the model.
        scope: the registry scope.
        name: its name, for people.
        card: facts for people: metrics, training data, sizes.
    """

    model: ReIDModel
    pipeline: list[dict[str, Any]]
    model_config: dict[str, Any]
    scope: str
    name: str
    card: dict[str, Any] = field(default_factory=dict)

    def space(self) -> FeatureSpace:
        """Return the space of the model's features: its digest covers weights, text tower and test pipeline."""
        digest = hashlib.sha256(json.dumps(self.pipeline, sort_keys=True).encode())
        towers = _tower_prefixes(type(self.model))
        for key, value in sorted(self.model.state_dict().items()):
            if key.startswith(towers):
                continue  # the tower is in it by its own digest, whether it is stored or not
            digest.update(key.encode())
            digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        modalities = tuple(self.model.feature_modalities().tolist())
        return FeatureSpace(self.name, digest.hexdigest(), modalities)


def load_bundle(source: str | Path, weights: str | Path | None = None) -> ModelBundle:
    """Load a model for inference; nothing is prepared, rendered or downloaded that the weights hold.

    Args:
        source: a pack (``tools/pack_model.py``), the folder of a run, or a config file.
        weights: the checkpoint of a config file, or one of a run that is not the last.

    Raises:
        ConfigError: neither of these, or a config file without weights.
        CheckpointError: weights that are not this model's, or damaged.
    """
    path = Path(source)
    if (path / CARD).is_file():
        if weights is not None:
            raise ConfigError(f'{path}: a pack has its weights inside; expected none beside it, got {weights}')
        return _load_pack(path)
    config, checkpoint = _find_run(path, weights)
    cfg = load_run_config(path) if path.is_dir() else load_config(config)
    state = read_checkpoint(checkpoint)
    model_config = without_pretrained(cfg.model.to_dict())  # the checkpoint's weights take their place
    start = dict(model_config)
    for prefix in _tower_prefixes(MODELS.get(cfg.model.type)):
        part = prefix.partition('.')[0]
        if part in model_config and not any(key.startswith(prefix) for key in state['state_dict']):
            start[part] = cfg.model.to_dict()[part]  # no checkpoint holds the tower: from its own file, as in training
    bundle = ModelBundle(
        model=_build(start, cfg.get('default_scope', 'next_mm'), state['state_dict'], str(checkpoint)),
        pipeline=_test_pipeline(cfg),
        model_config=model_config,
        scope=cfg.get('default_scope', 'next_mm'),
        name=Path(config).stem,
    )
    bundle.card = _card(bundle, cfg, Path(checkpoint), state.get('meta', {}))
    return bundle


def _tower_prefixes(kind: Any) -> tuple[str, ...]:
    """Beginnings of the names of a method's frozen text towers, whose weights a state may hold or not."""
    return tuple(prefix + TOWER for prefix in getattr(kind, 'optional_state', ()))


def _find_run(path: Path, weights: str | Path | None) -> tuple[Path, str]:
    if path.is_dir():
        configs = sorted(path.glob('*.py'))
        if len(configs) != 1:
            raise ConfigError(
                f'{path}: expected a pack ({CARD}) or a run with one config, found {len(configs)} configs'
            )
        best = sorted(path.glob('best_*.pth'))
        checkpoint = weights or latest_checkpoint(path) or (best[0] if len(best) == 1 else None)
        if checkpoint is None:
            raise CheckpointError(f'{path}: no checkpoint there (last_checkpoint, or a single best_*.pth)')
        return configs[0], str(checkpoint)
    if path.suffix != '.py':
        raise ConfigError(f'{path}: expected a pack, the folder of a run, a config file (.py) or an ONNX file')
    if weights is None:
        raise ConfigError(f'{path}: a config alone has no weights; give a checkpoint too')
    return path, str(weights)


def _test_pipeline(cfg: Config) -> list[dict[str, Any]]:
    loader = cfg.get('test_dataloader') or cfg.get('val_dataloader')
    if not loader:
        raise ConfigError(f'{cfg.filename}: expected a test_dataloader, whose pipeline inference uses')
    return [dict(step) for step in loader.dataset.to_dict()['pipeline']]


def _build(config: Mapping[str, Any], scope: str, state: Mapping[str, Tensor], source: str) -> ReIDModel:
    init_default_scope(scope)
    if isinstance(config.get('type'), str) and MODELS.get(config['type']) is None:
        raise ConfigError(
            f'{source}: its model {config["type"]!r} is not registered; import the module that registers it first'
        )
    with weights_follow():
        model = MODELS.build(dict(config))
    if not isinstance(model, ReIDModel):
        raise ConfigError(f'{source}: expected a ReIDModel, got {type(model).__name__}')
    load_weights(model, state, source=source)
    return model.eval().requires_grad_(False)


# --- packs


def write_pack(bundle: ModelBundle, folder: Path) -> None:
    """Write a model as one folder that works from any directory, on any machine, without training data.

    Args:
        bundle: the model.
        folder: the pack's folder; it must not exist.

    Raises:
        ConfigError: the folder exists.
    """
    if folder.exists():
        raise ConfigError(f'{folder}: exists already; expected a folder to create')
    part = folder.with_name(folder.name + '.part')
    part.mkdir(parents=True)
    config = _take_files_along(bundle.model_config, part)
    with staged(part / WEIGHTS) as path:
        save_file({key: value.contiguous() for key, value in full_state(bundle.model).items()}, path)
    card = {
        'format': FORMAT,
        'next_mm': __version__,
        'name': bundle.name,
        'scope': bundle.scope,
        'model': config,
        'pipeline': bundle.pipeline,
        'space': bundle.space().to_json(),
        'weights_sha256': _file_digest(part / WEIGHTS),
        'card': bundle.card,
    }
    write_atomically(part / CARD, [json.dumps(card, indent=2, ensure_ascii=True) + '\n'])
    part.rename(folder)


def full_state(model: ReIDModel) -> dict[str, Tensor]:
    """Return the model's state with the frozen towers that checkpoints leave out."""
    state = dict(model.state_dict())
    for name, module in model.named_modules():
        tower = getattr(module, 'tower_state', None)
        if tower is not None:
            state.update({f'{name}.{key}': value for key, value in tower().items()})
    return state


def _take_files_along(value: Any, folder: Path) -> Any:
    """Copy the model descriptions (.json) that a config names into the pack, under names that their contents decide."""
    if isinstance(value, Mapping):
        return {key: _take_files_along(inner, folder) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_take_files_along(inner, folder) for inner in value]
    if isinstance(value, str) and value.endswith('.json') and Path(value).is_file():
        data = Path(value).read_bytes()
        name = f'{Path(value).stem}-{hashlib.sha256(data).hexdigest()[:8]}.json'
        (folder / name).write_bytes(data)
        return INSIDE + name
    return value


def _resolve(value: Any, folder: Path) -> Any:
    """Return a pack's config with the paths of its files."""
    if isinstance(value, Mapping):
        return {key: _resolve(inner, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolve(inner, folder) for inner in value]
    if isinstance(value, str) and value.startswith(INSIDE):
        name = value.removeprefix(INSIDE)
        if name != Path(name).name:
            raise ConfigError(f'{folder}: {value!r} leads out of the pack')
        return str(folder / name)
    return value


def _load_pack(folder: Path) -> ModelBundle:
    try:
        card = json.loads((folder / CARD).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ConfigError(f'{folder / CARD}: expected JSON: {error}') from error
    if not isinstance(card, dict) or card.get('format') != FORMAT:
        raise ConfigError(f'{folder / CARD}: expected a pack of format {FORMAT}')
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise CheckpointError(f'{weights}: no such file; the pack is incomplete')
    if _file_digest(weights) != card['weights_sha256']:
        raise CheckpointError(f'{weights}: its contents are not those that the card names; the pack is damaged')
    try:
        state = load_file(weights)
    except SafetensorError as error:
        raise CheckpointError(f'{weights}: cannot be read: {error}') from error
    config = _resolve(card['model'], folder)
    model = _build(config, card['scope'], state, str(weights))
    return ModelBundle(model, card['pipeline'], config, card['scope'], card['name'], card['card'])


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _card(bundle: ModelBundle, cfg: Config, checkpoint: Path, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts about the model for people."""
    dataset = (cfg.get('train_dataloader') or cfg.get('test_dataloader')).dataset
    return {
        'checkpoint': checkpoint.name,
        'epoch': meta.get('epoch'),
        'trained_on': {
            'dataset': str(dataset.type),
            'identities': bundle.model.num_classes,
            'synthetic': bool((dataset.get('metainfo') or {}).get('synthetic')),
        },
        'image_size': list(bundle.model.image_size),
        'feature_dim': bundle.model.feature_dim,
        'reads_captions': bundle.model.reads_captions,
        'reads_cameras': bundle.model.reads_cameras,
        'missing_modalities': bundle.model.missing_modalities,
        'parameters': sum(parameter.numel() for parameter in bundle.model.parameters()),
        'metrics': _read_metrics(checkpoint.parent / METRICS_FILE),
    }


def _read_metrics(path: Path) -> Any:
    """Read a run's metrics; where they are not whole the model works all the same, so that is only said."""
    try:
        return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else None
    except ValueError as error:
        print_log(f'{path}: expected JSON ({error}); the card of the model goes without', 'current', logging.WARNING)
        return None
