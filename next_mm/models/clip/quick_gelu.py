"""CLIP's feed-forward block on the parameters of open_clip's, with QuickGELU in one pass over the hidden layer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from open_clip.transformer import QuickGELU
from torch import Tensor, nn

_SLOPE = 1.702


def is_quick_gelu(mlp: nn.Module) -> bool:
    """Whether this is open_clip's feed-forward block ``c_fc, gelu, c_proj`` with QuickGELU and plain linear layers."""
    return (
        isinstance(mlp, nn.Sequential)
        and isinstance(getattr(mlp, 'gelu', None), QuickGELU)
        and type(mlp.c_fc) is nn.Linear
        and type(mlp.c_proj) is nn.Linear
    )


def quick_gelu(x: Tensor) -> Tensor:
    """``x * sigmoid(1.702 x)``."""
    return F.silu(_SLOPE * x) / _SLOPE


def quick_gelu_mlp(x: Tensor, c_fc: nn.Linear, c_proj: nn.Linear) -> Tensor:
    """``c_proj(QuickGELU(c_fc(x)))`` of (..., D), the activation in one pass.

    QuickGELU is ``x * sigmoid(1.702 x)``, which is ``silu(1.702 x) / 1.702``. The factors ride on the matrix products,
    where they cost nothing, so one pass over the hidden layer takes the place of three, and one tensor of its size less
    is kept for the backward pass.
    """
    hidden = torch.addmm(c_fc.bias, x.flatten(0, -2), c_fc.weight.t(), beta=_SLOPE, alpha=_SLOPE)
    hidden = F.silu(hidden, inplace=not torch.is_grad_enabled())
    return torch.addmm(c_proj.bias, hidden, c_proj.weight.t(), alpha=1 / _SLOPE).unflatten(0, x.shape[:-1])


class QuickGELUMLP(nn.Module):
    """:func:`quick_gelu_mlp` in the place of open_clip's block, under the same parameter names.

    Args:
        source: the block whose layers to use; see :func:`is_quick_gelu`.
    """

    def __init__(self, source: nn.Sequential) -> None:
        super().__init__()
        self.c_fc: nn.Linear = source.c_fc
        self.c_proj: nn.Linear = source.c_proj

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., D) to (..., D)."""
        return quick_gelu_mlp(x, self.c_fc, self.c_proj)
