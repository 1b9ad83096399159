"""Complementary reconstruction (CRM): the tokens of each modality from those of another, and what
stands in for an absent one."""

from __future__ import annotations

from functools import partial
from itertools import permutations

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from next_mm.triplet import MODALITIES, NUM_MODALITIES

__all__ = ['PAIRS', 'TokenReconstruction', 'reconstruction_loss']

PAIRS = tuple(permutations(range(NUM_MODALITIES), 2))
"""Source and target of the six reconstructions."""


class TokenReconstruction(nn.Module):
    """A transformer block for each pair of modalities maps the source's tokens to the target's.

    Args:
        width: token width D.
        num_heads: number of heads; divides D.
    """

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        norm = partial(nn.LayerNorm, eps=1e-5)
        self.blocks = nn.ModuleDict({_name(*pair): Block(width, num_heads, norm_layer=norm) for pair in PAIRS})

    def rebuild(self, tokens: Tensor, source: int, target: int) -> Tensor:
        """Map tokens (B, T, D) of the modality ``source`` to those of ``target``."""
        return self.blocks[_name(source, target)](tokens)

    def complete(self, tokens: Tensor, present: Tensor) -> Tensor:
        """Replace the tokens of absent modalities by the mean of their reconstructions from the
        modalities that are there.

        Args:
            tokens: (B, 3, T, D), whatever for absent modalities.
            present: (B, 3) bool.

        Returns:
            (B, 3, T, D).
        """
        completed = torch.where(present[:, :, None, None], tokens, 0.0)
        sources = present.sum(dim=1).clamp(min=1)[:, None, None]
        for source, target in PAIRS:
            wanted = present[:, source] & ~present[:, target]
            if torch.compiler.is_compiling():  # in an exported graph shapes do not depend on values
                share = self.rebuild(tokens[:, source], source, target) / sources
                completed[:, target] += share.masked_fill(~wanted[:, None, None], 0.0).to(completed)
                continue
            rows = wanted.nonzero().squeeze(1)
            if len(rows):
                share = self.rebuild(tokens[rows, source], source, target) / sources[rows]
                completed[rows, target] = completed[rows, target] + share.to(completed)
        return completed

    def forward(self, tokens: Tensor, present: Tensor | None = None) -> Tensor:
        """Return the sum over the six pairs of the mean squared error of reconstructed tokens (B, 3, T, D), a scalar.

        The targets get gradient too. A pair is compared in the triplets that have both modalities.
        """
        losses = []
        for source, target in PAIRS:
            pair = tokens[:, source], tokens[:, target]
            if present is not None:
                both = present[:, source] & present[:, target]
                pair = pair[0][both], pair[1][both]
            losses.append(reconstruction_loss(self.rebuild(pair[0], source, target), pair[1]))
        return torch.stack(losses).sum()


def reconstruction_loss(rebuilt: Tensor, target: Tensor) -> Tensor:
    """Mean squared error over all elements, in full precision; zero where there are none."""
    return (rebuilt.float() - target.float()).square().sum() / max(target.numel(), 1)


def _name(source: int, target: int) -> str:
    return f'{MODALITIES[source]}_to_{MODALITIES[target]}'
