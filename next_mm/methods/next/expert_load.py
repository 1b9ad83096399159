"""How many tokens each semantic expert takes from each modality (Fig. 6)."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from next_mm.registry import HOOKS
from next_mm.triplet import MODALITIES

__all__ = ['ExpertLoadHook', 'ExpertLoadMeter']


class ExpertLoadMeter:
    """Count the tokens that the experts of a TMSE take, on the device and without waiting for it.

    Args:
        semantic: the TMSE module; its output has ``masks`` (N_T, B, 3, N).
    """

    def __init__(self, semantic: nn.Module) -> None:
        self.taken: Tensor | None = None
        self.samples = 0
        self._handle = semantic.register_forward_hook(self._count)

    def _count(self, module: nn.Module, args: Any, output: Any) -> None:
        masks = output.masks.detach()  # (N_T, B, 3, N)
        taken = masks.sum(dim=(1, 3), dtype=torch.float32)
        self.taken = taken if self.taken is None else self.taken + taken
        self.samples += masks.shape[1]

    def tokens_per_sample(self) -> Tensor | None:
        """Mean number of tokens that each expert takes from each modality of a triplet, (N_T, 3) on the
        CPU, over all processes."""
        if self.taken is None:
            return None
        sums = torch.cat([self.taken.flatten(), self.taken.new_tensor([float(self.samples)])])
        all_reduce(sums)
        return (sums[:-1] / sums[-1]).view_as(self.taken).cpu()

    def reset(self) -> None:
        """Forget what was counted."""
        self.taken, self.samples = None, 0

    def close(self) -> None:
        """Stop counting."""
        self._handle.remove()


@HOOKS.register_module()
class ExpertLoadHook(Hook):
    """Log, for each epoch of training and of validation, the tokens each semantic expert takes
    from each modality (Fig. 6).

    The scalars are ``train_tokens/expert1_rgb`` ... and ``val_tokens/...``: mean number of tokens a triplet. Without
    semantic experts the hook does nothing.
    """

    def __init__(self) -> None:
        self.meter: ExpertLoadMeter | None = None

    def before_run(self, runner: Runner) -> None:
        """Attach the meter to the model's TMSE."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        semantic = getattr(getattr(model, 'neck', None), 'semantic', None)
        if self.meter is not None:
            self.meter.close()
        self.meter = ExpertLoadMeter(semantic) if semantic is not None else None

    def before_train_epoch(self, runner: Runner) -> None:
        """Start counting."""
        self._reset()

    def after_train_epoch(self, runner: Runner) -> None:
        """Log the epoch."""
        self._log(runner, 'train', runner.epoch + 1)

    def before_val_epoch(self, runner: Runner) -> None:
        """Start counting."""
        self._reset()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Log the validation."""
        self._log(runner, 'val', runner.epoch)

    def _reset(self) -> None:
        if self.meter is not None:
            self.meter.reset()

    def _log(self, runner: Runner, stage: str, epoch: int) -> None:
        load = self.meter.tokens_per_sample() if self.meter is not None else None
        if load is None:
            return
        scalars = {
            f'{stage}_tokens/expert{expert + 1}_{modality}': float(load[expert, m])
            for expert in range(len(load))
            for m, modality in enumerate(MODALITIES)
        }
        runner.visualizer.add_scalars(scalars, step=epoch)
        rows = '; '.join(
            f'expert {expert + 1} ' + ' '.join(f'{name} {value:.1f}' for name, value in zip(MODALITIES, row.tolist()))
            for expert, row in enumerate(load)
        )
        runner.logger.info(f'Tokens taken a triplet ({stage}, epoch {epoch}): {rows}')
