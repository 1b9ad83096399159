"""Run a trained model over the test set of a config."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from rich.progress import track
from torch import Tensor, nn
from torch.utils.data import DataLoader

from next_mm.apis.training import build_model, prepare
from next_mm.engine import TripletRunner
from next_mm.structures import ReIDDataSample
from next_mm.triplet import NUM_MODALITIES

__all__ = ['TestFeatures', 'build_test_loader', 'extract_features', 'load_model', 'predict', 'without_captions']


@dataclass(frozen=True)
class TestFeatures:
    """The test features of a test set.

    Attributes:
        features: (N, F), on the CPU, as the model gives them.
        samples: the N data samples.
    """

    __test__ = False  # not a test, whatever pytest thinks of the name

    features: Tensor
    samples: list[ReIDDataSample] = field(repr=False)

    @property
    def identities(self) -> list[str]:
        """The N identities."""
        return [str(sample.identity) for sample in self.samples]


def load_model(cfg: Config, checkpoint: str | Path) -> nn.Module:
    """Prepare what the config prepares, and load a checkpoint on the device that is there."""
    prepare(cfg)
    return build_model(cfg, checkpoint, get_device())


def build_test_loader(cfg: Config, **changes: Any) -> DataLoader:
    """Build the config's test loader.

    Args:
        cfg: a config.
        changes: arguments of the dataset to replace, e.g. ``missing_modalities=('nir', )``.
    """
    init_default_scope(cfg.get('default_scope', 'next_mm'))
    loader = cfg.test_dataloader.copy()
    loader.dataset = {**loader.dataset, **changes}
    return TripletRunner.build_dataloader(loader)


@torch.no_grad()
def predict(
    model: nn.Module, loader: DataLoader, title: str, *, change: Callable[[dict[str, Any]], None] | None = None
) -> Iterator[tuple[dict[str, Any], list[ReIDDataSample]]]:
    """Yield each batch of the loader and the model's predictions on it, with a progress bar.

    Args:
        model: a model in evaluation mode.
        loader: a test loader.
        title: what the progress bar says.
        change: changes each batch before the model sees it, such as :func:`without_captions`.
    """
    for batch in track(loader, description=title):
        if change is not None:
            change(batch)
        yield batch, model.test_step(batch)


def without_captions(batch: dict[str, Any]) -> None:
    """Take the captions away from the samples of a batch."""
    for sample in batch['data_samples']:
        sample.has_text = torch.zeros(NUM_MODALITIES, dtype=torch.bool)


def extract_features(model: nn.Module, loader: DataLoader, title: str = 'features of the test set') -> TestFeatures:
    """Return the features of the whole test set."""
    samples = [sample for _, predictions in predict(model, loader, title) for sample in predictions]
    return TestFeatures(torch.stack([sample.feature.float().cpu() for sample in samples]), samples)
