"""A set of experts with one architecture (Eq. 1), run together over the same tokens."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.utils.options import check_integer, check_number


class ExpertSet(nn.Module):
    """Experts ``E(F) = Dropout(MLP(LN(F))) + F`` (Eq. 1), MLP ``dim -> hidden -> dim`` with GELU.

    The experts' parameters are stacked, and an expert's LayerNorm scale and shift are folded into its first layer, so
    that the tokens are normalised once for all.

    Args:
        num_experts: number of experts E.
        dim: token width D.
        hidden: width H of the MLP's hidden layer.
        dropout: drop rate of the MLP's output.
    """

    def __init__(self, *, num_experts: int, dim: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.norm_weight = nn.Parameter(torch.ones(num_experts, dim))
        self.norm_bias = nn.Parameter(torch.zeros(num_experts, dim))
        self.weight1 = linear_parameter(num_experts, hidden, dim, fan_in=dim)
        self.bias1 = linear_parameter(num_experts, hidden, fan_in=dim)
        self.weight2 = linear_parameter(num_experts, dim, hidden, fan_in=hidden)
        self.bias2 = linear_parameter(num_experts, dim, fan_in=hidden)

    def forward(self, tokens: Tensor) -> list[Tensor]:
        """Map (..., D) tokens to a list of E outputs before the residual, ``Dropout(MLP(LN(F)))``, each (..., D)."""
        dim = self.weight1.shape[-1]
        normed = F.layer_norm(tokens.reshape(-1, dim), (dim,))
        weights = self.weight1 * self.norm_weight.unsqueeze(1)
        biases = self.bias1 + (self.weight1 @ self.norm_bias.unsqueeze(2)).squeeze(2)
        outputs = []
        for weight, bias, weight2, bias2 in zip(weights, biases, self.weight2, self.bias2):
            out = F.linear(F.gelu(F.linear(normed, weight, bias)), weight2, bias2)
            outputs.append(F.dropout(out, self.dropout, self.training).view_as(tokens))
        return outputs


def check_experts(name: str, num_experts: int, hidden: int | None, dropout: float) -> None:
    """Check what TMSE and CSSE give to their :class:`ExpertSet`.

    Args:
        name: the class, for messages.
        num_experts: number of experts.
        hidden: width of the hidden layer, or ``None`` for the default.
        dropout: drop rate.

    Raises:
        ConfigError: a number is out of range.
    """
    check_integer(f'{name}.num_experts', num_experts, 1)
    if hidden is not None:
        check_integer(f'{name}.hidden', hidden, 1)
    check_number(f'{name}.dropout', dropout, 0, 1, below=True)


def linear_parameter(*shape: int, fan_in: int) -> nn.Parameter:
    """A parameter drawn as ``nn.Linear`` draws its weight and bias: uniform within 1 / sqrt(fan_in)."""
    bound = 1 / math.sqrt(fan_in)
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
