"""The schedule of the learning rate that TransReID's code handed down to the methods that build on it."""

from __future__ import annotations

import math
from typing import Any

import torch
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler

from next_mm.registry import PARAM_SCHEDULERS
from next_mm.utils.options import check_integer, check_number

__all__ = ['TransReIDLR']

_NOISE_SEED = 42


@PARAM_SCHEDULERS.register_module()
class TransReIDLR(LRSchedulerMixin, _ParamScheduler):
    """A linear warm-up, then a cosine that began with the first epoch, so that the rate jumps where the two meet.

    With the epoch t from 1, the optimizer's rate r, a group's rate g and the last epoch T: ``start r + t (g - start r)
    / warmup`` before the epoch ``warmup``, ``final r + (g - final r) (1 + cos(pi t / T)) / 2`` from there, ``final r``
    in the last.

    Args:
        optimizer: optimizer or optimizer wrapper.
        end: last epoch T.
        warmup: first epoch of the cosine.
        start: rate at epoch 0 of every group, in units of r.
        final: rate at the end of every group, in units of r.
        noise: bound of a relative noise on each epoch's rate but the last's, the same in every run; 0 is none.
        last_step: see mmengine's schedulers, as all below.
        by_epoch: must be true.
        verbose: print each rate.
    """

    def __init__(
        self,
        optimizer: object,
        *,
        end: int,
        warmup: int,
        start: float = 0.01,
        final: float = 0.002,
        noise: float = 0.0,
        last_step: int = -1,
        by_epoch: bool = True,
        verbose: bool = False,
    ) -> None:
        check_integer('TransReIDLR.end', end, 1)
        check_integer('TransReIDLR.warmup', warmup, 0)
        for name, value in (('start', start), ('final', final), ('noise', noise)):
            check_number(f'TransReIDLR.{name}', value, 0)
        self.warmup, self.start, self.final, self.noise = warmup, start, final, noise
        super().__init__(optimizer, end=end, last_step=last_step, by_epoch=by_epoch, verbose=verbose)

    def _get_value(self) -> list[float]:
        """Return the rate of each group in the epoch that comes."""
        optimizer: Any = self.optimizer
        base = getattr(optimizer, 'optimizer', optimizer).defaults['lr']
        return [self.rate(self.last_step + 1, group, base) for group in self.base_values]

    def rate(self, epoch: int, group: float, base: float) -> float:
        """Return the rate of a group with the rate ``group`` in an epoch, from 1; ``base`` is the optimizer's rate."""
        final = self.final * base
        if epoch >= self.end:
            return final
        if epoch < self.warmup:
            rate = self.start * base + epoch * (group - self.start * base) / self.warmup
        else:
            rate = final + (group - final) * (1 + math.cos(math.pi * epoch / self.end)) / 2
        return rate * (1 + _draw_noise(epoch, self.noise)) if self.noise else rate


def _draw_noise(epoch: int, bound: float) -> float:
    """Draw a normal number below the bound, the same for an epoch in every run."""
    generator = torch.Generator().manual_seed(_NOISE_SEED + epoch)
    while True:
        noise = float(torch.randn(1, generator=generator))
        if abs(noise) < bound:
            return noise
