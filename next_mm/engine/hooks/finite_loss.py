"""A loss that is no number stops the run before it reaches a checkpoint."""

from __future__ import annotations

import math
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from next_mm.registry import HOOKS
from next_mm.utils.options import check_integer

__all__ = ['FiniteLossHook']


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Stop when the loss is NaN or infinite, name the batch, and keep the last good checkpoint.

    The loss is looked at after mmengine's own hook has fetched it for the log, so this costs no
    further synchronisation.

    Args:
        max_names: triplets to name in the message.
    """

    priority = 'ABOVE_NORMAL'

    def __init__(self, *, max_names: int = 8) -> None:
        check_integer('FiniteLossHook.max_names', max_names, 1)
        self.max_names = max_names

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict[str, Any] | None = None
    ) -> None:
        """Check the loss.

        Raises:
            FloatingPointError: it is NaN or infinite.
        """
        losses = {
            key: float(torch.as_tensor(value).detach()) for key, value in (outputs or {}).items() if 'loss' in key
        }
        if all(math.isfinite(value) for value in losses.values()):
            return
        parts = ', '.join(f'{key} {value:g}' for key, value in losses.items())
        raise FloatingPointError(
            f'the loss is not finite in epoch {runner.epoch + 1}, batch {batch_idx + 1}: {parts}. '
            f'Triplets: {self._names(data_batch)}. {_last_good(runner)}'
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Refuse to save weights that are not finite (the last update of an epoch can break them).

        Raises:
            FloatingPointError: a weight is NaN or infinite.
        """
        for name, value in checkpoint['state_dict'].items():
            if value.is_floating_point() and not torch.isfinite(value).all():
                raise FloatingPointError(
                    f'{name} is not finite after epoch {runner.epoch + 1}; it is not saved. {_last_good(runner)}'
                )

    def _names(self, data_batch: dict | None) -> str:
        samples = (data_batch or {}).get('data_samples', [])
        names = [str(sample.get('name')) for sample in samples]
        more = f' and {len(names) - self.max_names} more' if len(names) > self.max_names else ''
        return ', '.join(names[: self.max_names]) + more


def _last_good(runner: Runner) -> str:
    from next_mm.engine.checkpoint import latest_checkpoint
    from next_mm.errors import CheckpointError

    try:
        path = latest_checkpoint(runner.work_dir)
    except CheckpointError:
        path = None
    return f'Last good checkpoint: {path}' if path else 'No checkpoint was saved before'
