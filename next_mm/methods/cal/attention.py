"""Attention over channels that CAL puts behind each stage of its trunk."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from next_mm.models.layers import pool_mean

__all__ = ['SplitAttention', 'SqueezeExcitation']

_RADIX = 2
_SQUEEZED = 8


class SplitAttention(nn.Module):
    """Weigh the two halves of the channels against each other (ResNeSt, radix 2); the map keeps its shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // _RADIX
        self.fc1 = nn.Conv2d(half, half, 1)
        self.bn1 = nn.BatchNorm2d(half)
        self.fc2 = nn.Conv2d(half, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H, W)."""
        halves = x.unflatten(1, (_RADIX, -1))  # (B, 2, C / 2, H, W)
        means = halves.sum(dim=1).mean(dim=(2, 3), keepdim=True)
        logits = self.fc2(torch.relu(self.bn1(self.fc1(means))))
        weights = logits.unflatten(1, (_RADIX, -1)).softmax(dim=1)  # (B, 2, C / 2, 1, 1)
        return (halves * weights).flatten(1, 2)


class SqueezeExcitation(nn.Module):
    """Scale the channels by what their means say; eight numbers inside at every width, no biases."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, _SQUEEZED, bias=False)
        self.excite = nn.Linear(_SQUEEZED, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C, H, W)."""
        weights = torch.sigmoid(self.excite(torch.relu(self.squeeze(pool_mean(x)))))
        return x * weights[..., None, None]
