"""Self-attention on the parameters of ``nn.MultiheadAttention``, without its detours."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class SelfAttention(nn.Module):
    """The self-attention of an ``nn.MultiheadAttention`` with ``batch_first``, under the same parameter names.

    ``nn.MultiheadAttention`` swaps batch and tokens before it projects them; on a CPU, and most of all in bfloat16,
    that costs several times the attention itself (docs/performance.md). Here the batch stays first, and the attention
    is always PyTorch's SDPA.

    Args:
        source: the module whose parameters to use; equal widths of query, key and value, with biases,
            without attention dropout.

    Raises:
        ValueError: ``source`` is of another kind.
    """

    def __init__(self, source: nn.MultiheadAttention) -> None:
        super().__init__()
        usual = (
            source.batch_first
            and source.in_proj_weight is not None
            and source.in_proj_bias is not None
            and source.bias_k is None
            and not source.add_zero_attn
            and source.dropout == 0
        )
        if not usual:
            raise ValueError(
                f'expected a plain batch-first self-attention with biases and without dropout, got {source}'
            )
        self.num_heads = source.num_heads
        self.in_proj_weight = source.in_proj_weight
        self.in_proj_bias = source.in_proj_bias
        self.out_proj = source.out_proj

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        need_weights: bool = False,
        attn_mask: Tensor | None = None,
    ) -> tuple[Tensor, None]:
        """Attend within (B, N, D); the signature is that of ``nn.MultiheadAttention``, ``key`` and
        ``value`` are the query."""
        projected = F.linear(query, self.in_proj_weight, self.in_proj_bias)
        heads = projected.unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)  # (3, B, H, N, d)
        answer = F.scaled_dot_product_attention(*heads, attn_mask)
        return self.out_proj(answer.transpose(1, 2).flatten(2)), None
