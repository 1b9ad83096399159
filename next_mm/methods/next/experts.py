"""A set of experts with one architecture (Eq. 1), run together over the same tokens."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

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

    @property
    def drops(self) -> bool:
        """Whether dropout acts now, so that the experts' features have to be written out."""
        return self.training and self.dropout > 0

    def forward(self, tokens: Tensor, masks: Tensor | None = None) -> list[Tensor]:
        """Return each expert's hidden layer ``GELU(W_1 LN(F) + b_1)`` of tokens (B, T, D), E of (B, T, H).

        Args:
            tokens: (B, T, D).
            masks: (E, B, T), zero at tokens that an expert does not read: what stands there has no meaning. Where
                nothing learns, a CPU leaves them out; elsewhere looking for them would cost more than they do.
        """
        normed = F.layer_norm(tokens, tokens.shape[-1:])
        weights = self.weight1 * self.norm_weight.unsqueeze(1)
        biases = self.bias1 + (self.weight1 @ self.norm_bias.unsqueeze(2)).squeeze(2)
        if masks is None or tokens.device.type != 'cpu' or torch.is_grad_enabled() or torch.compiler.is_compiling():
            return [F.gelu(F.linear(normed, weight, bias)) for weight, bias in zip(weights, biases)]
        return [_run_some(normed, mask, weight, bias) for mask, weight, bias in zip(masks, weights, biases)]

    def second_layers(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield each expert's weight (D, H) and bias (D,), which map its hidden layer to its output."""
        weights, biases = self.weight2, self.bias2
        if not torch.is_grad_enabled():  # a part of a parameter would pass for a tensor with a gradient
            weights, biases = weights.detach(), biases.detach()
        yield from zip(weights, biases)

    def write(self, expert: int, hidden: Tensor) -> Tensor:
        """Map an expert's hidden layer (B, T, H) to ``Dropout(MLP(LN(F)))``, its output before the residual."""
        return F.dropout(F.linear(hidden, self.weight2[expert], self.bias2[expert]), self.dropout, self.training)

    def count_macs(self, args: tuple[Any, ...], output: list[Tensor]) -> int:
        """Count the usual form: every expert computes both layers of every token."""
        return args[0].shape[0] * args[0].shape[1] * (self.weight1.numel() + self.weight2.numel())


def _run_some(normed: Tensor, mask: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The hidden layer (B, T, H) of normed tokens (B, T, D) where the mask (B, T) is not zero; zeros elsewhere."""
    rows = mask.flatten().nonzero().squeeze(1)
    some = F.gelu(F.linear(normed.flatten(0, 1)[rows], weight, bias))
    return some.new_zeros(mask.numel(), len(weight)).index_copy_(0, rows, some).unflatten(0, mask.shape)


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
