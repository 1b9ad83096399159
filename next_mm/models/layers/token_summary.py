"""The class token renewed by the mean of the patches."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ['TokenSummary']


class TokenSummary(nn.Module):
    """A linear layer over class token and mean patch, (2D) -> D, behind a LayerNorm.

    Args:
        dim: width D of the tokens.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * dim)
        self.linear = nn.Linear(2 * dim, dim)

    def forward(self, classes: Tensor, patches: Tensor) -> Tensor:
        """Map class tokens (B, D) and patches (B, N, D) to (B, D)."""
        return self.linear(self.norm(torch.cat([classes, patches.mean(dim=1)], dim=1)))
