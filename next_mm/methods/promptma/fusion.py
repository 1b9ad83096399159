"""PBMF: one query, the mean of the exchanged prompts, reads the chosen patches block by block (PromptMA)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import permutations

import torch
from torch import Tensor, nn

from next_mm.models.clip.attention import read_by_one_query
from next_mm.triplet import NUM_MODALITIES

__all__ = ['PromptFusion', 'mean_exchanged']


def mean_exchanged(prompts: Tensor) -> Tensor:
    """Mean (B, D) of the prompts (B, 3, 3, D) that one modality has for another."""
    others = permutations(range(NUM_MODALITIES), 2)
    return torch.stack([prompts[:, own, other] for own, other in others], dim=1).mean(dim=1)


class PromptFusion(nn.Module):
    """Blocks that begin as copies of the tower's last ones, with the query in the place of the tokens.

    Patches that are not chosen are zeroed, not removed: behind the norm they are its bias, and the query still reads
    them.

    Args:
        blocks: the tower's blocks to begin from, by their number.
        width: width D of the tokens.
    """

    def __init__(self, blocks: dict[int, nn.Module], width: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleDict({str(number): copy.deepcopy(block) for number, block in blocks.items()})
        self.norm = nn.LayerNorm(width)

    def forward(self, query: Tensor, patches: Sequence[Tensor], chosen: Tensor) -> Tensor:
        """Return the fused feature (B, D).

        Args:
            query: (B, D).
            patches: for each block the patches (B, 3, N, D) that it reads.
            chosen: (B, 3, N) bool.
        """
        for block, tokens in zip(self.blocks.values(), patches):
            read = block.ln_1((tokens * chosen.unsqueeze(-1)).flatten(1, 2))
            query = query + read_by_one_query(block.attn, block.ln_1(query), read)
            query = query + block.mlp(block.ln_2(query))
        return self.norm(query)

    def count_macs(self, args: tuple[Tensor, Sequence[Tensor], Tensor], output: Tensor) -> int:
        """Count the usual form: keys and values of all patches."""
        query, _, chosen = args
        hidden = 8  # the two layers of the feed-forward network, in squares of the width
        return len(self.blocks) * (2 * chosen.numel() + (2 + hidden) * len(query)) * query.shape[1] ** 2
