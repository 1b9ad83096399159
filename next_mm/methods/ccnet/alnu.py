"""The adaptive layer normalisation unit of CCNet: scale and shift come from the map itself."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from next_mm.models.layers import ConvBN

__all__ = ['AdaptiveLayerNorm', 'ScalarUnit']


class ScalarUnit(nn.Module):
    """A number from 0 to 1 for each map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(ConvBN(channels, channels // 4, 3), ConvBN(channels // 4, channels // 16, 3))
        self.head = nn.Conv2d(2 * (channels // 16), 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, 1, 1, 1)."""
        x = self.convs(x)
        pooled = torch.cat([x.mean(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)], dim=1)
        return torch.sigmoid(self.head(pooled))


class AdaptiveLayerNorm(nn.Module):
    """Normalise each sample's map over all of its numbers; scale and shift come from two units that read the map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = ScalarUnit(channels)
        self.beta = ScalarUnit(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H, W)."""
        centred = x - x.mean(dim=(1, 2, 3), keepdim=True)
        variance = centred.square().mean(dim=(1, 2, 3), keepdim=True)
        return self.gamma(x) * centred / (variance + 1e-6).sqrt() + self.beta(x)
