"""Parameter groups: the pretrained tower learns at its own rate, frozen parameters are left out."""

from __future__ import annotations

import difflib
from typing import Any

import torch
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIMIZERS
from torch import nn

from next_mm.errors import ConfigError
from next_mm.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS

__all__ = ['ReIDOptimWrapperConstructor', 'group_parameters']

_BACKBONE = 'backbone.'
_NEW_IN_BACKBONE = 'backbone.camera_embedding.'  # not pretrained, so it learns as fast as the rest


def group_parameters(
    model: nn.Module, lr: float, *, visual_lr: float | None = None, bias_lr_mult: float = 1.0
) -> list[dict[str, Any]]:
    """Split the trainable parameters in at most four groups: visual tower or rest, each with its biases apart where they differ.

    Args:
        model: the model; its pretrained tower is ``model.backbone``.
        lr: learning rate of everything but the tower.
        visual_lr: learning rate of the tower, ``None`` for ``lr``.
        bias_lr_mult: factor on the rate of the rest's biases.

    Returns:
        Parameter groups for a torch optimizer, each with ``name``, ``params`` and ``lr``; empty ones are left out.

    Raises:
        ConfigError: no trainable parameter at all.
    """
    groups: dict[str, dict[str, Any]] = {
        'visual': dict(name='visual', params=[], lr=lr if visual_lr is None else visual_lr),
        'rest': dict(name='rest', params=[], lr=lr),
        'rest_bias': dict(name='rest_bias', params=[], lr=lr * bias_lr_mult),
    }
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        visual = name.startswith(_BACKBONE) and not name.startswith(_NEW_IN_BACKBONE)
        bias = not visual and bias_lr_mult != 1.0 and name.endswith('bias')
        groups['visual' if visual else 'rest_bias' if bias else 'rest']['params'].append(parameter)
    filled = [group for group in groups.values() if group['params']]
    if not filled:
        raise ConfigError(f'{type(model).__name__} has no trainable parameter')
    return filled


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class ReIDOptimWrapperConstructor:
    """Build the optimizer over :func:`group_parameters`.

    Args:
        optim_wrapper_cfg: config of the optimizer wrapper, with ``optimizer`` inside.
        paramwise_cfg: the options of :func:`group_parameters`: ``visual_lr``, ``bias_lr_mult``.

    Raises:
        ConfigError: an option that :func:`group_parameters` does not know, or an optimizer without ``lr``.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        known = ('visual_lr', 'bias_lr_mult')
        self.options = dict(paramwise_cfg or {})
        for key in self.options:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                hint = f'; did you mean {close[0]!r}?' if close else ''
                raise ConfigError(
                    f'optim_wrapper.paramwise_cfg: unknown key {key!r}, expected {" or ".join(known)}{hint}'
                )
        if 'lr' not in optim_wrapper_cfg.get('optimizer', {}):
            raise ConfigError('optim_wrapper.optimizer: expected a learning rate lr')
        self.optim_wrapper_cfg = dict(optim_wrapper_cfg)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper for a model, wrapped for distributed training or not."""
        model = model.module if is_model_wrapper(model) else model
        wrapper_cfg = dict(self.optim_wrapper_cfg)
        wrapper_cfg.setdefault('type', 'OptimWrapper')
        optimizer_cfg = dict(wrapper_cfg.pop('optimizer'))
        optimizer_cfg['params'] = group_parameters(model, optimizer_cfg['lr'], **self.options)
        optimizer: torch.optim.Optimizer = OPTIMIZERS.build(optimizer_cfg)
        return OPTIM_WRAPPERS.build(wrapper_cfg, default_args=dict(optimizer=optimizer))
