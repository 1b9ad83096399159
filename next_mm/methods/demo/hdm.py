"""HDM, hierarchical decoupling: seven learned queries, each of which reads one subset of the modalities (DeMo)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.triplet import NUM_MODALITIES

__all__ = ['SUBSETS', 'SubsetAttention']

SUBSETS: tuple[tuple[int, ...], ...] = ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))
"""The modalities of each subset: R, N, T, RN, RT, NT, RNT."""


class SubsetAttention(nn.Module):
    """Multi-head attention of one learned query a subset over the tokens of its modalities, with weights of its own.

    There is one query, so keys and values need not be computed: the query is mapped into the space of the tokens, and
    the mean of the tokens by its attention is mapped to the value. That gives the same numbers, and the seven
    attentions are one product over the tokens.

    Args:
        dim: width D of the tokens.
        num_heads: attention heads H.
        dropout: dropout on the attention.
    """

    def __init__(self, dim: int, num_heads: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        count = len(SUBSETS)
        self.num_heads = num_heads
        self.dropout = dropout
        self.queries = nn.Parameter(torch.randn(count, dim) / math.sqrt(dim))
        self.in_proj_weight = nn.Parameter(torch.empty(count, 3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(count, 3 * dim))
        self.out_proj_weight = nn.Parameter(torch.empty(count, dim, dim))
        self.out_proj_bias = nn.Parameter(torch.zeros(count, dim))
        for subset in range(count):  # as nn.MultiheadAttention begins
            nn.init.xavier_uniform_(self.in_proj_weight[subset])
            nn.init.kaiming_uniform_(self.out_proj_weight[subset], a=math.sqrt(5))
        absent = [[m not in subset for m in range(NUM_MODALITIES)] for subset in SUBSETS]
        self.register_buffer('absent', torch.tensor(absent), persistent=False)  # (7, 3)

    def forward(self, tokens: Tensor) -> Tensor:
        """Map the tokens (B, 3, S, D) of the modalities to one feature a subset, (B, 7, D)."""
        heads = (self.num_heads, -1)
        query_weight, key_weight, value_weight = self.in_proj_weight.chunk(3, dim=1)  # each (7, D, D)
        query_bias, key_bias, value_bias = self.in_proj_bias.chunk(3, dim=1)
        query = torch.einsum('kd,ked->ke', self.queries, query_weight) + query_bias
        query = query.unflatten(1, heads) * (query.shape[1] // self.num_heads) ** -0.5  # (7, H, d)
        mapped = torch.einsum('khd,khde->khe', query, key_weight.unflatten(1, heads))  # (7, H, D)
        shift = (query * key_bias.unflatten(1, heads)).sum(dim=-1)  # (7, H), equal for all tokens

        scores = torch.einsum('bmsd,khd->bkhms', tokens, mapped) + shift[:, :, None, None]
        scores = scores.masked_fill(self.absent[:, None, :, None], -torch.inf)
        attention = F.dropout(scores.flatten(3).softmax(dim=-1), self.dropout, self.training)  # (B, 7, H, 3S)

        pooled = torch.einsum('bkhs,bsd->bkhd', attention, tokens.flatten(1, 2))
        value = torch.einsum('bkhe,khde->bkhd', pooled, value_weight.unflatten(1, heads))
        value = value + attention.sum(dim=-1, keepdim=True) * value_bias.unflatten(1, heads)
        return torch.einsum('bkd,ked->bke', value.flatten(2), self.out_proj_weight) + self.out_proj_bias

    def count_macs(self, args: tuple[Tensor], output: Tensor) -> int:
        """Count the usual form: keys and values of all tokens that a subset has."""
        batch, _, length, dim = args[0].shape
        tokens = sum(map(len, SUBSETS)) * length
        return batch * 2 * (tokens + len(SUBSETS)) * dim**2
