"""Multi-Grained Features Aggregation (MGFA, Sec. III-D): cross-attention from class tokens to expert features."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from next_mm.methods.next.neck import ExpertFeatures
from next_mm.methods.next.terms import Feature, read_terms
from next_mm.models.backbones.base import VisualFeatures
from next_mm.registry import MODELS
from next_mm.utils.options import check_heads, check_integer


class CrossAttention(nn.Module):
    """Multi-head attention of few queries over many tokens.

    Three queries meet 3N tokens, so the queries are projected into the tokens' space, not the tokens into the keys':
    ``q . (W_k x) = (W_k^T q) . x``, and likewise ``sum_t a_t (W_v x_t) = W_v (sum_t a_t x_t)``. The numbers are those
    of the usual form at a fraction of its work. There is no key bias: it would add the same to all scores of a query,
    which the softmax removes.

    Args:
        dim: token width D.
        num_heads: number of heads; divides D.
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        check_heads('MGFAHead.num_heads', num_heads, dim)
        self.num_heads = num_heads
        self.query = nn.Linear(dim, dim)
        self.key = nn.Linear(dim, dim, bias=False)
        self.value = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)

    def project_queries(self, queries: Tensor) -> Tensor:
        """Map (B, Q, D) queries into the tokens' space, (B, H, Q, D)."""
        queries = self.query(queries).unflatten(-1, (self.num_heads, -1))  # (B, Q, H, d)
        return torch.einsum('bqhd,hde->bhqe', queries, self.key.weight.unflatten(0, (self.num_heads, -1)))

    def forward(self, projected: Tensor, feature: Feature, mask: Tensor | None = None) -> Tensor:
        """Attend from projected queries (B, H, Q, D) to a feature (B, T, D).

        Args:
            projected: see :meth:`project_queries`.
            feature: one that is written out goes to PyTorch's fused attention.
            mask: (B, T) bool, true where a token may be seen; ``None`` is all.

        Returns:
            (B, Q, D).
        """
        heads, count, dim = projected.shape[1:]
        queries, scale = projected.flatten(1, 2), (dim // heads) ** -0.5
        if len(feature) == 1 and feature[0].weight is None and feature[0].gate is None:
            seen = None if mask is None else mask[:, None, None]
            memory = feature[0].tokens.unsqueeze(1)  # one key and value head for all: (B, 1, T, D)
            context = F.scaled_dot_product_attention(queries.unsqueeze(1), memory, memory, seen, scale=scale)
        else:
            context = read_terms(queries * scale, feature, mask)
        context = context.reshape(-1, heads, count, dim)
        values = torch.einsum('bhqe,hde->bqhd', context, self.value.weight.unflatten(0, (heads, -1)))
        return self.out(values.flatten(2) + self.value.bias)


@MODELS.register_module()
class MGFAHead(BaseModule):
    """Aggregate the experts' features F_i as ``Average_i FFN(LN(CA(f_cls, F_i)))``, weights shared by the experts.

    Args:
        dim: token width D; given by the model from its backbone.
        num_heads: heads of the cross attention.
        ffn_ratio: hidden width of the feed-forward network in units of D.

    Raises:
        ConfigError: ``num_heads`` does not divide the token width.
    """

    def __init__(self, *, dim: int, num_heads: int = 8, ffn_ratio: int = 2) -> None:
        super().__init__()
        check_integer('MGFAHead.ffn_ratio', ffn_ratio, 1)
        self.attention = CrossAttention(dim, num_heads)
        self.norm = nn.LayerNorm(dim)
        self.ffn = nn.Sequential(nn.Linear(dim, ffn_ratio * dim), nn.GELU(), nn.Linear(ffn_ratio * dim, dim))

    def forward(self, visual: VisualFeatures, experts: ExpertFeatures, present: Tensor | None = None) -> Tensor:
        """Return the identity feature (B, 3D); an absent modality has no query and is masked: its part is zeros."""
        mask = None if present is None else present.repeat_interleave(visual.tokens.shape[2], dim=1)  # (B, 3N)
        queries = self.attention.project_queries(visual.classes)
        answers = torch.stack([self.attention(queries, feature, mask) for feature in experts.features])  # (E, B, 3, D)
        feature = self.ffn(self.norm(answers)).mean(dim=0)
        if present is not None:
            feature = feature * present.unsqueeze(-1)
        return feature.flatten(1)

    def count_macs(self, args: tuple[Any, ...], output: Tensor) -> int:
        """Count the usual form: queries are projected once, keys and values of all tokens for each expert."""
        visual, experts = args[:2]
        batch, queries, dim = visual.classes.shape
        hidden = self.ffn[0].out_features
        macs = queries * dim * dim
        for feature in experts.features:
            macs += (2 * feature[0].tokens.shape[1] + queries) * dim * dim + 2 * queries * dim * hidden
        return batch * macs
