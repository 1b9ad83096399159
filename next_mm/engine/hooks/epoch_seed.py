"""One seed for each epoch, so that a resumed run draws what the uninterrupted one drew."""

from __future__ import annotations

import random

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from next_mm.registry import HOOKS

__all__ = ['EpochSeedHook', 'epoch_seed']


def epoch_seed(seed: int, epoch: int, rank: int) -> int:
    """Mix seed, epoch and rank to one number; unlike their sum, no two of them meet (seed 0, epoch 1
    and seed 1, epoch 0)."""
    return int(np.random.SeedSequence((seed, epoch, rank)).generate_state(1)[0])


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed Python, numpy and torch at the start of every epoch from the run's seed, the epoch and the rank.

    A checkpoint holds no state of the generators. With this hook none is needed: killed in the middle of epoch 7 and
    resumed, epoch 7 starts from the very same state. Dropout differs between the ranks; weights are initialised before,
    alike on all of them.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed the generators."""
        seed = epoch_seed(runner.seed, runner.epoch, runner.rank)
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
