"""Attention of few queries to many tokens, with the projections of the tokens folded into the queries."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ['folded_attention']


def folded_attention(
    queries: Tensor, keys: Tensor, values: Tensor, key_weight: Tensor, value_weight: Tensor, num_heads: int
) -> Tensor:
    """Return ``softmax(q . (W_k x)) (W_v y)`` of each head without projecting the tokens.

    As ``q . (W_k x) = (W_k^T q) . x`` and ``sum_t a_t (W_v y_t) = W_v (sum_t a_t y_t)``, the queries are projected into
    the tokens' space: the same numbers at a fraction of the work where queries are few. A key bias adds the same to all
    scores of a query, which the softmax removes; a value bias is added to the result.

    Args:
        queries: (B, Q, D) projected queries, head-major.
        keys: (B, T, D) tokens that the keys are made of.
        values: (B, T, D) tokens that the values are made of.
        key_weight: (D, D) weight of the keys' projection.
        value_weight: (D, D) weight of the values' projection.
        num_heads: number H of heads.

    Returns:
        (B, Q, D), head-major.
    """
    heads = queries.unflatten(-1, (num_heads, -1))  # (B, Q, H, d)
    asked = torch.einsum('bqhd,hde->bqhe', heads, key_weight.unflatten(0, (num_heads, -1)))  # (B, Q, H, D)
    tokens = (tensor.to(asked.dtype).unsqueeze(1) for tensor in (keys, values))  # (B, 1, T, D): all heads read the same
    context = F.scaled_dot_product_attention(asked.flatten(1, 2).unsqueeze(1), *tokens, scale=heads.shape[-1] ** -0.5)
    context = context.squeeze(1).unflatten(1, (-1, num_heads))  # (B, Q, H, D)
    return torch.einsum('bqhe,hde->bqhd', context, value_weight.unflatten(0, (num_heads, -1))).flatten(2)
