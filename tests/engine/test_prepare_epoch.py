"""A method prepares each epoch with a pass over the training set as a test would see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from next_mm.apis import resume_from, train
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.toys import NUM_IDENTITIES, ToyReID, toy_config


@MODELS.register_module()
class ToyPrototypes(ToyReID):
    """Learns nothing from the mean feature of each identity, but keeps it before each epoch."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.register_buffer('prototypes', torch.zeros(NUM_IDENTITIES, 8))
        self.seen: list[tuple[int, list[int], bool, bool]] = []

    def before_epoch(self, epoch: int, batches: Callable[[], Iterator[tuple[Tensor, TripletBatch]]]) -> None:
        """Average the features by identity."""
        self.eval()
        names: list[int] = []
        self.prototypes.zero_()
        for points, batch in batches():
            self.prototypes.index_add_(0, batch.labels, self.extract(points, batch)['points'])
            names += [sample.sample_idx for sample in batch.samples]
        self.seen.append((epoch, names, self.training, torch.is_grad_enabled()))


def config(folder: Path, **changes: Any) -> Any:
    cfg = toy_config(folder, custom_hooks=[dict(type='EpochSeedHook'), dict(type='PrepareEpochHook')], **changes)
    cfg.model.type = 'ToyPrototypes'
    return cfg


def test_every_epoch_sees_the_whole_training_set_once_in_order(tmp_path: Path) -> None:
    model = train(config(tmp_path)).model
    assert model.seen == [(epoch, list(range(16)), False, False) for epoch in range(3)]
    assert model.prototypes.abs().sum() > 0


def test_a_resumed_run_prepares_its_first_epoch(tmp_path: Path) -> None:
    whole = train(config(tmp_path / 'whole')).model
    train(config(tmp_path / 'parts', train_cfg__max_epochs=2))
    cfg = config(tmp_path / 'parts')
    resume_from(cfg)
    resumed = train(cfg).model
    assert [epoch for epoch, *_ in resumed.seen] == [2]
    assert torch.equal(resumed.prototypes, whole.prototypes)


def test_a_loader_of_its_own(tmp_path: Path) -> None:
    cfg = config(tmp_path, train_cfg__max_epochs=1)
    cfg.custom_hooks[1].dataloader = dict(
        batch_size=2,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(type='ToyPoints', count=4),
    )
    assert train(cfg).model.seen[0][1] == [0, 1, 2, 3]


def test_without_a_test_loader_there_is_nothing_to_take_the_pipeline_from(tmp_path: Path) -> None:
    cfg = config(tmp_path)
    for name in ('val', 'test'):
        for part in ('dataloader', 'cfg', 'evaluator'):
            cfg[f'{name}_{part}'] = None
    cfg.default_hooks.checkpoint.save_best = None
    with pytest.raises(ValueError, match='there is no val_dataloader .*set PrepareEpochHook.dataloader'):
        train(cfg)


def test_a_method_that_prepares_nothing_costs_nothing(tmp_path: Path) -> None:
    cfg = config(tmp_path, train_cfg__max_epochs=1)
    cfg.model.type = 'ToyReID'
    runner = train(cfg)
    assert next(hook for hook in runner.hooks if type(hook).__name__ == 'PrepareEpochHook').loader is None
