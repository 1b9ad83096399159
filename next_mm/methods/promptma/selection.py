"""PBTS: the patches that class token and prompts look at through all prompted blocks (PromptMA)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from next_mm.triplet import NUM_MODALITIES

__all__ = ['roll_out', 'select_patches']

_KEPT = 0.5
"""Share of a token that stays where it is in each block."""


def roll_out(maps: Sequence[Tensor]) -> Tensor:
    """Follow class token and prompts back through the blocks (Abnar and Zuidema, "Quantifying Attention Flow", 2020).

    Args:
        maps: attention (B, 3, S, S) of each block, first block first; class token, patches, three prompts.

    Returns:
        (B, 3, 4, N) share of each patch in the class token and in each prompt.
    """
    size = maps[0].shape[-1]
    eye = torch.eye(size, device=maps[0].device)
    rows = torch.cat([eye[:1], eye[-NUM_MODALITIES:]])
    for attention in reversed(maps):
        rows = (1 - _KEPT) * (rows @ attention) + _KEPT * rows
    return rows[..., 1 : size - NUM_MODALITIES]


@torch.no_grad()
def select_patches(maps: Sequence[Tensor], share: float) -> Tensor:
    """Mark the patches that class token or the other modalities' prompts look at most, (B, 3, N).

    Args:
        maps: as in :func:`roll_out`.
        share: share of the patches that each of the two takes.
    """
    with torch.autocast(maps[0].device.type, enabled=False):
        shares = roll_out(maps)  # (B, 3, 4, N)
        others = ~torch.eye(NUM_MODALITIES, dtype=torch.bool, device=shares.device)
        scores = torch.stack([shares[:, :, 0], (shares[:, :, 1:] * others.unsqueeze(-1)).sum(dim=2)], dim=2)
        best = scores.topk(int(share * scores.shape[-1]), dim=-1).indices
        return torch.zeros_like(scores, dtype=torch.bool).scatter_(-1, best, True).any(dim=2)
