"""PFD's decoder: learned queries, one a view, over the tokens of a picture."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ['ViewDecoder']


class DecoderLayer(nn.Module):
    """A post-norm decoder layer; its feed-forward network is added to itself, not to what it reads, as
    in the authors' checkpoints.

    Args:
        width: token width D.
        num_heads: number of heads; divides D.
        hidden: hidden width of the feed-forward network.
        dropout: dropout rate.
    """

    def __init__(self, width: int, num_heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.self_attention = nn.MultiheadAttention(width, num_heads, dropout, batch_first=True)
        self.cross_attention = nn.MultiheadAttention(width, num_heads, dropout, batch_first=True)
        self.linear1 = nn.Linear(width, hidden)
        self.linear2 = nn.Linear(hidden, width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, views: Tensor, queries: Tensor, memory: Tensor) -> Tensor:
        """Update views (B, J, D), with queries (J, D) as their positions, from the memory (B, T, D)."""
        asked = views + queries
        views = self.norm1(views + self.dropout(self.self_attention(asked, asked, views, need_weights=False)[0]))
        seen = self.cross_attention(views + queries, memory, memory, need_weights=False)[0]
        views = self.norm2(views + self.dropout(seen))
        hidden = self.linear2(self.dropout(F.relu(self.linear1(views))))
        return self.norm3(hidden + self.dropout(hidden))


class ViewDecoder(nn.Module):
    """Layers of the decoder and the queries of its views.

    Args:
        width: token width D.
        num_views: number of views J.
        depth: number of layers.
        num_heads: number of heads; divides D.
        hidden: hidden width of the feed-forward networks.
        dropout: dropout rate.
    """

    def __init__(
        self, width: int, num_views: int, depth: int, *, num_heads: int = 8, hidden: int = 2048, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(num_views, width))
        self.layers = nn.ModuleList(DecoderLayer(width, num_heads, hidden, dropout) for _ in range(depth))
        first = self.layers[0].self_attention  # its values are zeros and their bias, whatever it attends to
        first.in_proj_weight.requires_grad_(False)
        nn.init.normal_(first.in_proj_bias, std=0.02)  # zeros would meet a LayerNorm, whose gradient explodes there
        self.norm = nn.LayerNorm(width)

    def forward(self, memory: Tensor) -> Tensor:
        """Map the memory (B, T, D) to views (B, J, D)."""
        views = memory.new_zeros(memory.shape[0], *self.queries.shape)
        for layer in self.layers:
            views = layer(views, self.queries, memory)
        return self.norm(views)
