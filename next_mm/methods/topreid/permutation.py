"""Token permutation (TPM): the class tokens look at the patches of the other modalities, then of their own."""

from __future__ import annotations

import torch
from timm.layers import Mlp
from torch import Tensor, nn

from next_mm.models.layers.folded_attention import folded_attention

__all__ = ['ORDERS', 'TokenPermutation']

ORDERS = ((1, 2, 0), (2, 0, 1), (0, 1, 2))
"""For each step, the modality whose patches the class tokens of rgb, nir and tir look at."""


class ClassAttention(nn.Module):
    """Multi-head attention of one class token to the patches of a modality; the patches are normalised
    as keys, not as values."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, queries: Tensor, patches: Tensor) -> Tensor:
        """Attend from (B, D) to (B, N, D); returns (B, D)."""
        attended = folded_attention(
            self.query(queries).unsqueeze(1),
            self.norm(patches),
            patches,
            self.key.weight,
            self.value.weight,
            self.num_heads,
        )
        return self.out(attended.squeeze(1))

    def count_macs(self, args: tuple[Tensor, ...], output: Tensor) -> int:
        """Count the usual form: keys and values of all patches."""
        queries, patches = args
        return (2 * queries.numel() + 2 * patches.numel()) * queries.shape[1]


class PermutationStep(nn.Module):
    """One step: ``q += CA(LN(q), Y)``, then ``q += MLP(LN(q))``, with the same weights for the three modalities."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = ClassAttention(width, num_heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width, 4 * width)

    def forward(self, classes: Tensor, patches: Tensor) -> Tensor:
        """Let (B, 3, D) class tokens look at the (B, 3, N, D) patches in their places."""
        queries = classes.flatten(0, 1)
        queries = queries + self.attention(self.norm1(queries), patches.flatten(0, 1))
        queries = queries + self.mlp(self.norm2(queries))
        return queries.unflatten(0, (-1, classes.shape[1]))


class TokenPermutation(nn.Module):
    """The three steps of the token permutation; the patches stay as they are.

    Args:
        width: token width D.
        num_heads: number of heads; divides D.
    """

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.steps = nn.ModuleList(PermutationStep(width, num_heads) for _ in ORDERS)

    def forward(self, classes: Tensor, patches: Tensor) -> Tensor:
        """Map class tokens (B, 3, D), with patches (B, 3, N, D), to (B, 3, D)."""
        for step, order in zip(self.steps, ORDERS):
            classes = step(classes, torch.stack([patches[:, m] for m in order], dim=1))
        return classes
