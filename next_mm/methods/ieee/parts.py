"""The parts of IEEE: modalities that interact, and a global feature that is embedded into local ones."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.models.absent import apply_present
from next_mm.models.layers import ConvBN

__all__ = ['NUM_PARTS', 'Interaction', 'PartEmbedding']

NUM_PARTS = 6
_REDUCTION = 16


class Interaction(nn.Module):
    """Cross-modal interacting module: a modality takes over what a gate lets through of the others."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.own = ConvBN(channels, channels)
        self.others = ConvBN(channels, channels)
        self.gate = nn.Sequential(
            nn.Conv2d(channels, channels // _REDUCTION, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(channels // _REDUCTION, channels, 1, bias=False),
        )

    def weights(self, x: Tensor) -> Tensor:
        """Return the gate (B, C, 1, 1), from 0 to 1, of a map (B, C, h, w)."""
        mean, top = x.mean(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)
        return torch.sigmoid(self.gate(mean) + self.gate(top))

    def forward(
        self, x: Tensor, others: Tensor, present: Tensor | None = None, any_other: Tensor | None = None
    ) -> Tensor:
        """Return the modality's map (B, C, h, w) with that of the others in it.

        Args:
            x: (B, C, h, w) map of the modality.
            others: (B, C, h, w) sum of the others' maps.
            present: (B,) bool, which samples have the modality; ``None`` for all.
            any_other: (B,) bool, which have another; ``None`` for all.
        """
        own = apply_present(self.own, x, present)
        rest = apply_present(self.others, others, any_other)
        return own + self.weights(rest) * rest + rest


class PartEmbedding(nn.Module):
    """Six stripes of a modality's map, with its global feature embedded into each (relation-based embedding).

    The authors' relation is a softmax over one element, so it is 1 for any query; what stays is one projection.

    Args:
        channels: of the map.
        inner: width of the reduced features.
        part_dim: width of the feature of a part.
    """

    def __init__(self, channels: int, inner: int, part_dim: int) -> None:
        super().__init__()
        self.reduce = ConvBN(channels, inner)
        self.relation = nn.Linear(inner, inner)
        self.scale = nn.Parameter(torch.zeros(1))
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(inner, part_dim), nn.BatchNorm1d(part_dim), nn.ReLU()) for _ in range(NUM_PARTS)
        )

    def reduced(self, x: Tensor, mixed: Tensor) -> tuple[Tensor, Tensor]:
        """Return the global feature (B, inner, 1, 1) of a map and the parts (B, inner, 6, 1) of the interacted one."""
        whole = self.reduce(x.mean(dim=(2, 3), keepdim=True))
        return whole, self.reduce(F.adaptive_avg_pool2d(mixed, (NUM_PARTS, 1)))

    def forward(self, maps: Tensor) -> Tensor:
        """Return the features of the parts.

        Args:
            maps: (B, 2, C, h, w), the modality's own map and the interacted one.

        Returns:
            (B, 6, part_dim).
        """
        whole, parts = self.reduced(maps[:, 0], maps[:, 1])
        shift = 2 * self.scale * self.relation(whole.flatten(1))
        parts = parts.squeeze(3) + shift.unsqueeze(2)  # (B, inner, 6)
        return torch.stack([head(parts[:, :, index]) for index, head in enumerate(self.heads)], dim=1)
