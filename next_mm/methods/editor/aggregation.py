"""Hierarchical masked aggregation (HMA): transformer blocks over the selected tokens, of each modality, then of all."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.models.layers import order_selected

__all__ = ['MaskedAggregation', 'gather_selected']


class MaskedBlock(nn.Module):
    """A pre-norm transformer block without biases that sees the tokens of a mask.

    Args:
        width: token width D.
        num_heads: number of heads; divides D.
    """

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.proj = nn.Linear(width, width, bias=False)
        self.norm2 = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, 4 * width, bias=False)
        self.fc2 = nn.Linear(4 * width, width, bias=False)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Map (B, T, D) to (B, T, D); what is outside the mask (B, T) bool is not seen, and comes out as anything."""
        heads = self.qkv(self.norm1(tokens)).unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(*heads, mask[:, None, None])  # (B, H, T, d)
        tokens = tokens + self.proj(attended.transpose(1, 2).flatten(2))
        return tokens + self.fc2(F.gelu(self.fc1(self.norm2(tokens))))


class MaskedAggregation(nn.Module):
    """Blocks over the selected tokens of each modality, then one over those of all three.

    The authors keep all tokens and hold those outside the selection at zero, where they neither see nor are seen: the
    numbers of the selected ones are the same without them.

    Args:
        width: token width D.
        num_heads: number of heads; divides D.
        num_modalities: number of modalities M.
    """

    def __init__(self, width: int, num_heads: int, num_modalities: int) -> None:
        super().__init__()
        self.single = nn.ModuleList(MaskedBlock(width, num_heads) for _ in range(num_modalities))
        self.joint = MaskedBlock(width, num_heads)
        self.norm = nn.LayerNorm(width)
        self.reductions = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(num_modalities))

    def forward(self, tokens: Tensor, selected: Tensor) -> tuple[Tensor, Tensor]:
        """Aggregate the class tokens and the selected patches.

        Args:
            tokens: (B, M, 1 + N, D), class tokens first.
            selected: (B, N) bool, the same for the modalities.

        Returns:
            The feature of each modality (B, M, D), and the class tokens (B, M, D) before the joint block.
        """
        tokens, mask = gather_selected(tokens, selected)
        single = torch.stack([block(tokens[:, m], mask) for m, block in enumerate(self.single)], dim=1)
        joint = self.norm(self.joint(single.flatten(1, 2), mask.repeat(1, len(self.single))))
        joint = joint.unflatten(1, (-1, mask.shape[1])) * mask[:, None, :, None]
        means = joint[:, :, 1:].sum(dim=2) / selected.sum(dim=1).clamp(min=1)[:, None, None]
        pairs = torch.cat([joint[:, :, 0], means], dim=2)  # (B, M, 2D)
        reduced = [reduction(pairs[:, m]) for m, reduction in enumerate(self.reductions)]
        return torch.stack(reduced, dim=1), single[:, :, 0]

    def count_macs(self, args: tuple[Tensor, Tensor], output: tuple[Tensor, Tensor]) -> int:
        """Count the usual form: the blocks run for every token."""
        batch, modalities, count, width = args[0].shape
        return batch * modalities * (2 * count * 12 + 2) * width**2


def gather_selected(tokens: Tensor, selected: Tensor) -> tuple[Tensor, Tensor]:
    """Keep the class token and the selected patches, in their order; triplets with fewer than others are filled up.

    Args:
        tokens: (B, M, 1 + N, D), class tokens first.
        selected: (B, N) bool.

    Returns:
        Tokens (B, M, 1 + K, D), K the most that a triplet of the batch has, and a mask (B, 1 + K) bool
        that is false for the filling. In an exported graph, whose shapes must not depend on values, K is N.
    """
    most = selected.shape[1] if torch.compiler.is_compiling() else int(selected.sum(dim=1).max())
    places = order_selected(selected)[:, :most]  # (B, K)
    mask = F.pad(selected.gather(1, places), (1, 0), value=True)
    places = F.pad(places + 1, (1, 0))  # the class token is token 0
    return tokens.gather(2, places[:, None, :, None].expand(-1, tokens.shape[1], -1, tokens.shape[3])), mask
