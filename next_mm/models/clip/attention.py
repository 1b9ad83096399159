"""Attention on the parameters of ``nn.MultiheadAttention``, without its detours."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import handle_torch_function, has_torch_function

__all__ = ['SelfAttention', 'attend_and_weigh', 'attend_with_map', 'read_by_one_query', 'run_block_for_class']


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


def attend_with_map(attention: SelfAttention, x: Tensor) -> tuple[Tensor, Tensor]:
    """Attend within tokens (B, N, D), and say where each of them looks.

    The fused attention gives no weights, and projecting the tokens once more for them costs more than it saves.

    Returns:
        The answer (B, N, D), and the mean of the heads' weights (B, N, N) in full precision, without gradient.
    """
    projected = F.linear(x, attention.in_proj_weight, attention.in_proj_bias)
    heads = projected.unflatten(-1, (3, attention.num_heads, -1)).permute(2, 0, 3, 1, 4)  # (3, B, H, N, d)
    answer, weights = attend_and_weigh(*heads)
    return attention.out_proj(answer.transpose(1, 2).flatten(2)), weights.detach().mean(dim=1)


def attend_and_weigh(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Attend as ``F.scaled_dot_product_attention`` does, and return the weights too.

    A ``TorchFunctionMode`` sees the call as it sees that of PyTorch's function, so that costs are counted alike.

    Args:
        query: (B, H, N, d).
        key: (B, H, N, d).
        value: (B, H, N, d).

    Returns:
        The answer (B, H, N, d), and the weights (B, H, N, N) in full precision.
    """
    if has_torch_function((query, key, value)):
        return handle_torch_function(attend_and_weigh, (query, key, value), query, key, value)
    with torch.autocast(query.device.type, enabled=False):
        wide = torch.promote_types(query.dtype, torch.float32)
        scores = (query.to(wide) * query.shape[-1] ** -0.5) @ key.to(wide).transpose(-1, -2)
        weights = scores.softmax(dim=-1)
    return weights.to(value.dtype) @ value, weights


def read_by_one_query(attention: SelfAttention, query: Tensor, tokens: Tensor) -> Tensor:
    """Attention of one query (B, D) to tokens (B, N, D): (B, D).

    Keys and values need not be computed: the query is mapped into the space of the tokens, and the mean of the tokens
    by its attention is mapped to the value. That gives the same numbers for a share of the products.
    """
    heads = (attention.num_heads, -1)
    query_weight, key_weight, value_weight = attention.in_proj_weight.chunk(3)
    query_bias, key_bias, value_bias = attention.in_proj_bias.chunk(3)
    query = F.linear(query, query_weight, query_bias).unflatten(1, heads)  # (B, H, d)
    query = query * query.shape[-1] ** -0.5
    mapped = torch.einsum('bhd,hde->bhe', query, key_weight.unflatten(0, heads))
    shift = (query * key_bias.unflatten(0, heads)).sum(dim=-1, keepdim=True)  # equal for all tokens
    weights = (mapped @ tokens.transpose(1, 2) + shift).softmax(dim=-1)  # (B, H, N)
    value = torch.einsum('bhe,hde->bhd', weights @ tokens, value_weight.unflatten(0, heads)).flatten(1)
    return attention.out_proj(value + value_bias)


def run_block_for_class(block: nn.Module, x: Tensor) -> Tensor:
    """Run one of the tower's blocks on tokens (B, N, D) for the first of them alone: (B, D)."""
    normed = block.ln_1(x)
    y = x[:, 0] + block.ls_1(read_by_one_query(block.attn, normed[:, 0], normed))
    return y + block.ls_2(block.mlp(block.ln_2(y)))
