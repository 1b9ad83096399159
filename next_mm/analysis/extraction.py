"""Run a checkpoint over the test set once and keep what the figures need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import DataLoader

from next_mm.apis import build_model, prepare
from next_mm.errors import UserError
from next_mm.structures import ReIDDataSample
from next_mm.triplet import NUM_MODALITIES


@dataclass
class TestFeatures:
    """The test set as the model sees it.

    Attributes:
        features: (N, F), L2-normalised, on the CPU.
        identities: N identities.
        samples: N data samples.
    """

    __test__ = False  # not a test, whatever pytest thinks of the name

    features: Tensor
    identities: list[str]
    samples: list[ReIDDataSample] = field(repr=False)


def load_model(cfg: Config, checkpoint: str | Path) -> nn.Module:
    """Prepare what the config prepares, and load a checkpoint on the device that is there."""
    prepare(cfg)
    return build_model(cfg, checkpoint, get_device())


def build_test_loader(cfg: Config, **changes: Any) -> DataLoader:
    """The config's test loader.

    Args:
        cfg: a config.
        changes: arguments of the dataset to replace, e.g. ``missing_modalities=('nir', )``.
    """
    init_default_scope(cfg.get('default_scope', 'next_mm'))
    loader = cfg.test_dataloader.copy()
    loader.dataset = {**loader.dataset, **changes}
    return Runner.build_dataloader(loader)


@torch.no_grad()
def predict(
    model: nn.Module, loader: DataLoader, title: str, *, captions: bool = True
) -> Iterator[tuple[dict[str, Any], list[ReIDDataSample]]]:
    """Yield each batch of the loader and the model's predictions on it, with a progress bar.

    Args:
        model: a model in evaluation mode.
        loader: a test loader.
        title: what the progress bar says.
        captions: False takes the captions away from samples that have them.
    """
    for batch in track(loader, description=title):
        if not captions:
            for sample in batch['data_samples']:
                sample.has_text = torch.zeros(NUM_MODALITIES, dtype=torch.bool)
        yield batch, model.test_step(batch)


def extract_features(model: nn.Module, loader: DataLoader, title: str = 'features of the test set') -> TestFeatures:
    """Features of the whole test set."""
    samples = [sample for _, predictions in predict(model, loader, title) for sample in predictions]
    features = torch.nn.functional.normalize(torch.stack([sample.feature.float().cpu() for sample in samples]), dim=1)
    return TestFeatures(features, [str(sample.identity) for sample in samples], samples)


@contextmanager
def watch(module: nn.Module) -> Iterator[list[Any]]:
    """Collect what a module returns while the context is open.

    Args:
        module: e.g. ``model.neck.semantic``.
    """
    outputs: list[Any] = []
    handle = module.register_forward_hook(lambda module, args, output: outputs.append(output))
    try:
        yield outputs
    finally:
        handle.remove()


def require_experts(model: nn.Module, name: str) -> nn.Module:
    """The model's semantic or structure experts.

    Args:
        model: a NEXTReID.
        name: ``semantic`` or ``structure``.

    Raises:
        UserError: the model has none.
    """
    experts = getattr(getattr(model, 'neck', None), name, None)
    if experts is None:
        raise UserError(
            f'the model has no {name} experts (model.neck.{name}); choose a checkpoint of a config that has them'
        )
    return experts
