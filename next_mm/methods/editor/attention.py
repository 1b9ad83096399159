"""The tower with its attention matrices, which the token selection reads."""

from __future__ import annotations

import torch
from timm.models.vision_transformer import Attention
from torch import Tensor

from next_mm.models.backbones import SideViT

__all__ = ['encode_with_attention']


def encode_with_attention(tower: SideViT, images: Tensor, cameras: Tensor | None) -> tuple[Tensor, list[Tensor]]:
    """Encode pictures (B, 3, H, W) to tokens (B, 1 + N, D) and the attention (B, H, 1 + N, 1 + N) of each block."""
    tokens = tower.embed(images, cameras)
    maps = []
    for block in tower.blocks:
        attended, attention = _attend(block.attn, block.norm1(tokens))
        tokens = tokens + block.drop_path1(attended)
        tokens = tokens + block.drop_path2(block.mlp(block.norm2(tokens)))
        maps.append(attention.detach())
    return tower.norm(tokens), maps


def _attend(layer: Attention, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Run an attention layer on (B, T, D); returns what it gives, and its weights (B, H, T, T) after the softmax."""
    query, key, value = layer.qkv(tokens).unflatten(-1, (3, layer.num_heads, -1)).permute(2, 0, 3, 1, 4)
    weights = torch.softmax((query * layer.scale) @ key.transpose(-2, -1), dim=-1)
    return layer.proj((weights @ value).transpose(1, 2).flatten(2)), weights
