"""Automatic mixed precision on the GPU and on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.registry import OPTIM_WRAPPERS

__all__ = ['AMP_DTYPES', 'AutocastOptimWrapper']

AMP_DTYPES: dict[str, torch.dtype] = {'bf16': torch.bfloat16, 'fp16': torch.float16}


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Optimizer wrapper that runs the forward pass under :func:`torch.autocast`; with fp16 the loss is scaled.

    mmengine's AmpOptimWrapper (0.10.7) asserts a GPU; bf16 needs none and no loss scaling.

    Args:
        dtype: ``'bf16'`` or ``'fp16'``.
        loss_scale: first scale of the loss with fp16, adapted from there on.
        **kwargs: as mmengine's OptimWrapper (``optimizer``, ``accumulative_counts``, ``clip_grad``).

    Raises:
        ConfigError: another dtype, or fp16 without a GPU.
    """

    def __init__(self, *, dtype: str = 'bf16', loss_scale: float = 65536.0, **kwargs: Any) -> None:
        if dtype not in AMP_DTYPES:
            raise ConfigError(f'AutocastOptimWrapper: expected dtype {" or ".join(AMP_DTYPES)}, got {dtype!r}')
        self.device_type = get_device()
        if dtype == 'fp16' and self.device_type == 'cpu':
            raise ConfigError('AutocastOptimWrapper: fp16 needs a GPU; on the CPU use bf16')
        super().__init__(**kwargs)
        self.dtype = AMP_DTYPES[dtype]
        self.scaler = torch.amp.GradScaler(self.device_type, init_scale=loss_scale, enabled=dtype == 'fp16')

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Enter autocast, beside what gradient accumulation asks for."""
        with super().optim_context(model), torch.autocast(self.device_type, self.dtype):
            yield

    def backward(self, loss: Tensor, **kwargs: Any) -> None:
        """Back-propagate the (scaled) loss."""
        self.scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs: Any) -> None:
        """Unscale, clip where asked, and update; the scaler skips an update whose gradients overflowed."""
        if self.clip_grad_kwargs:
            self.scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.scaler.step(self.optimizer, **kwargs)
        self.scaler.update()

    def state_dict(self) -> dict:
        """State of the optimizer and of the scaler."""
        return {**super().state_dict(), 'loss_scaler': self.scaler.state_dict()}

    def load_state_dict(self, state_dict: dict) -> None:
        """Load both; a checkpoint of a run without AMP has no scaler."""
        state_dict = dict(state_dict)
        scaler = state_dict.pop('loss_scaler', None)
        if scaler:
            self.scaler.load_state_dict(scaler)
        super().load_state_dict(state_dict)
