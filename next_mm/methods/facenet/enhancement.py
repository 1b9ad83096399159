"""FACENet's mask prediction (MFMP) and flare enhancement (FCE)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.errors import ConfigError

__all__ = ['MaskPrediction', 'enhance_flared']


class NeighbourAttention(nn.Module):
    """Attention from the tokens of one modality to those of another, among neighbours.

    Each token becomes H slices of D. As the authors cut the heads without a transposition, a head is no slice of every
    token but all slices of N / H consecutive tokens: a slice sees the slices of the tokens beside it. Checkpoints need
    it so.

    Args:
        width: token width D.
        num_tokens: number of tokens N, a multiple of ``num_heads``.
        num_heads: number of heads H.
        dropout: dropout rate of the result.

    Raises:
        ConfigError: ``num_tokens`` is no such multiple.
    """

    def __init__(self, width: int, num_tokens: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        if num_tokens % num_heads:
            raise ConfigError(
                f'model.num_heads={num_heads} does not divide the number of patches, {num_tokens}: give pictures of '
                'another size'
            )
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.query = nn.Linear(width, num_heads * width, bias=False)
        self.key = nn.Linear(width, num_heads * width, bias=False)
        self.value = nn.Linear(width, num_heads * width, bias=False)
        self.out = nn.Linear(num_heads * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, others: Tensor) -> Tensor:
        """Attend from (B, N, D) to (B, N, D); returns (B, N, D)."""
        batch, count, width = tokens.shape
        shape = (batch, self.num_heads, count, width)  # a head holds N / H tokens of H slices
        query = self.query(self.norm2(self.norm1(tokens))).view(shape)
        attended = F.scaled_dot_product_attention(query, self.key(others).view(shape), self.value(others).view(shape))
        return self.dropout(self.out(attended.reshape(batch, count, -1)))


class MaskPrediction(nn.Module):
    """Predict from the patches of rgb and nir, each in the light of the other, where a flare is.

    Args:
        width: token width D.
        num_tokens: number of patches N.
        num_heads: number of heads; divides N.
        dropout: dropout rate.
    """

    def __init__(self, width: int, num_tokens: int, num_heads: int = 16, dropout: float = 0.5) -> None:
        super().__init__()
        self.rgb = NeighbourAttention(width, num_tokens, num_heads, dropout)
        self.nir = NeighbourAttention(width, num_tokens, num_heads, dropout)

    def forward(self, rgb: Tensor, nir: Tensor) -> tuple[Tensor, Tensor]:
        """Map patches (B, N, D) of rgb and nir to their masks (B, N, D), which say flare above a threshold."""
        return rgb + self.rgb(rgb, nir), nir + self.nir(nir, rgb)


def enhance_flared(tokens: Tensor, masks: tuple[Tensor, Tensor], threshold: Tensor, *, rgb_rest: str) -> Tensor:
    """Put tir in the place of what the flare covers in rgb and nir, element by element; class tokens stay.

    Args:
        tokens: (B, 3, 1 + N, D), class tokens first.
        masks: masks (B, N, D) of rgb and nir.
        threshold: (1,) above which a mask says flare.
        rgb_rest: what is kept of rgb: where its ``'own'`` mask says no flare, or, as the authors do,
            where that of ``'nir'`` does.

    Returns:
        (B, 3, 1 + N, D).
    """
    rgb, nir, tir = tokens[:, :, 1:].unbind(dim=1)
    flared_rgb, flared_nir = (mask > threshold for mask in masks)
    kept = flared_rgb if rgb_rest == 'own' else flared_nir
    patches = torch.stack(
        [
            tir * flared_rgb + rgb * ~kept,
            torch.where(flared_nir, tir, nir),
            tir,
        ],
        dim=1,
    )
    return torch.cat([tokens[:, :, :1], patches], dim=2)
