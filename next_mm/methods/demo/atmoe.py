"""ATMoE: small experts for each head of each decoupled feature, weighted by attention over the features (DeMo)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from next_mm.models.clip.quick_gelu import quick_gelu

__all__ = ['AttentionGate', 'AttentionMixture']


class AttentionGate(nn.Module):
    """Weights of the decoupled features, by heads: what all of them ask for, against what each offers.

    Args:
        dim: width D of a feature.
        num_features: number J of features.
        num_heads: heads H.
    """

    def __init__(self, dim: int, num_features: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.reduce = nn.Linear(num_features * dim, dim)
        self.norm = nn.BatchNorm1d(dim)
        self.query = nn.Linear(dim, dim, bias=False)
        self.key = nn.Linear(dim, dim, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, J, D) to gates (B, J, H) that sum to one over the features."""
        asked = self.query(self.norm(quick_gelu(self.reduce(features.flatten(1)))))
        offered = self.key(features).unflatten(-1, (self.num_heads, -1))  # (B, J, H, d)
        asked = asked.unflatten(-1, (1, self.num_heads, -1))
        scores = (asked * offered).sum(dim=-1) * offered.shape[-1] ** -0.5
        return scores.softmax(dim=1)


class AttentionMixture(nn.Module):
    """One expert a feature and head, linear layer, QuickGELU and BatchNorm; all of them in one product.

    Args:
        dim: width D of a feature.
        num_features: number J of features.
        num_heads: heads H; an expert is D / H wide.
    """

    def __init__(self, dim: int, num_features: int, num_heads: int) -> None:
        super().__init__()
        width = dim // num_heads
        self.gate = AttentionGate(dim, num_features, num_heads)
        self.weight = nn.Parameter(torch.empty(num_features, num_heads, width, width))
        self.bias = nn.Parameter(torch.empty(num_features, num_heads, width))
        self.norm = nn.BatchNorm1d(num_features * dim)
        for tensor in (self.weight, self.bias):  # as nn.Linear begins
            nn.init.uniform_(tensor, -1 / math.sqrt(width), 1 / math.sqrt(width))

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, J, D) to (B, J D): by features, and by heads within a feature."""
        slices = features.unflatten(-1, self.bias.shape[1:])  # (B, J, H, d)
        answers = torch.einsum('bjhd,jhed->bjhe', slices, self.weight) + self.bias
        answers = self.norm(quick_gelu(answers).flatten(1)).unflatten(1, self.bias.shape)
        return (self.gate(features).unsqueeze(-1) * answers).flatten(1)
