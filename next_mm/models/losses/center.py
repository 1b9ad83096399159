"""Center loss (Wen et al., ECCV 2016): every feature near the centre of its identity."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from next_mm.registry import MODELS
from next_mm.utils.options import check_number

__all__ = ['CenterLoss']


@MODELS.register_module()
class CenterLoss(nn.Module):
    """Mean squared distance to the centres, which follow the features at a rate of their own.

    "Bag of Tricks" gives the centres an SGD of their own (rate 0.5, no momentum, no decay) and takes the loss's weight
    out of their gradient. The gradient of the mean is known in closed form, so the centres are buffers and make that
    very step here, right after the loss has read them; no second optimizer is needed. With accumulated gradients they
    step at every part of a batch.

    Args:
        num_classes: number C of identities; the branch gives it.
        feature_dim: width F of the features; the branch gives it.
        weight: factor on the loss.
        lr: learning rate of the centres.
    """

    on: ClassVar[str] = 'feature'
    per_identity: ClassVar[bool] = True

    def __init__(self, *, num_classes: int, feature_dim: int, weight: float = 5e-4, lr: float = 0.5) -> None:
        super().__init__()
        check_number('CenterLoss.weight', weight, 0)
        check_number('CenterLoss.lr', lr, 0)
        self.weight = weight
        self.lr = lr
        self.centers: Tensor
        self.register_buffer('centers', torch.randn(num_classes, feature_dim))

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of (B, F) features with (B,) labels; in training the centres make a step."""
        gaps = features - self.centers[labels]
        if self.training:
            with torch.no_grad():
                step = 2 * self.lr / len(labels) * gaps.detach().to(self.centers.dtype)
                self.centers.index_add_(0, labels, step)
        return self.weight * gaps.square().sum(dim=1).mean()
