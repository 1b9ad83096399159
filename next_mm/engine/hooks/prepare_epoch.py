"""What a method does before each epoch of training, with a pass over the training set as a test would see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor
from torch.utils.data import DataLoader

from next_mm.errors import ConfigError
from next_mm.models import ReIDModel
from next_mm.registry import HOOKS
from next_mm.structures import TripletBatch

__all__ = ['PrepareEpochHook']


@HOOKS.register_module()
class PrepareEpochHook(Hook):
    """Call :meth:`ReIDModel.before_epoch` of a method that has one, after the epoch is seeded.

    The method gets the number of the epoch and a pass over the training set: each triplet once, in the order of the
    dataset, through the pipeline of ``dataloader``. In distributed training a rank sees its share.

    Args:
        dataloader: config of the pass; ``None`` takes the training set, and pipeline and batches of the
            validation or test loader.
    """

    priority = 'HIGH'  # behind EpochSeedHook: what a method draws here is the same in a resumed run

    def __init__(self, *, dataloader: dict[str, Any] | None = None) -> None:
        self.config = dataloader
        self.loader: DataLoader | None = None

    @torch.no_grad()
    def before_train_epoch(self, runner: Runner) -> None:
        """Let the method prepare; its mode is put back."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if not isinstance(model, ReIDModel) or type(model).before_epoch is ReIDModel.before_epoch:
            return
        was_training = model.training
        model.before_epoch(runner.epoch, lambda: self._batches(runner, model))
        model.train(was_training)

    def _batches(self, runner: Runner, model: ReIDModel) -> Iterator[tuple[Tensor, TripletBatch]]:
        if self.loader is None:
            self.loader = runner.build_dataloader(self.config or _like_a_test(runner))
        for batch in self.loader:
            data = model.data_preprocessor(batch)
            yield data['inputs'], data['data_samples']


def _like_a_test(runner: Runner) -> dict[str, Any]:
    """Config of a loader that gives the training set as validation or test give theirs."""
    like = runner.cfg.get('val_dataloader') or runner.cfg.get('test_dataloader')
    if like is None:
        raise ConfigError(
            f'{type(runner.model).__name__} prepares its epochs with a pass over the training set, but there is no '
            'val_dataloader whose pipeline it could take: set PrepareEpochHook.dataloader'
        )
    dataset = dict(runner.cfg.train_dataloader.dataset)
    if 'pipeline' in like.dataset:
        dataset['pipeline'] = like.dataset.pipeline
    sampler = dict(type='DefaultSampler', shuffle=False, round_up=False)  # not rounded up: no triplet counts twice
    return dict(like, dataset=dataset, sampler=sampler)
