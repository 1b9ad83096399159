"""Harmonious attention (Li et al., CVPR 2018): weights for positions and channels, and four regions."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.methods.hacnn.inception import conv
from next_mm.models.layers import pool_mean

__all__ = ['NUM_REGIONS', 'HardAttention', 'SoftAttention', 'crop_regions']

NUM_REGIONS = 4
_REGION_HEIGHT = 0.25
_START = (0.0, -0.75, 0.0, -0.25, 0.0, 0.25, 0.0, 0.75)
"""Where the regions lie before training, (x, y) each: four stripes from top to bottom."""


class SoftAttention(nn.Module):
    """Weights for each position and channel of a map; the ReLU before the sigmoid keeps them from 0.5 to 1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spatial = nn.ModuleList([conv(1, 1, 3, stride=2), conv(1, 1)])
        self.channel = nn.Sequential(conv(channels, channels // 16), conv(channels // 16, channels))
        self.joint = conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to its weights (B, C, H, W)."""
        reduce, mix = self.spatial
        small = reduce(x.mean(dim=1, keepdim=True))
        spatial = mix(F.interpolate(small, x.shape[2:], mode='bilinear', align_corners=True))  # (B, 1, H, W)
        channel = self.channel(x.mean(dim=(2, 3), keepdim=True))  # (B, C, 1, 1)
        return torch.sigmoid(self.joint(spatial * channel))


class HardAttention(nn.Module):
    """Centres of the regions, from the means of a map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(channels, 2 * NUM_REGIONS)
        nn.init.zeros_(self.fc.weight)
        with torch.no_grad():
            self.fc.bias.copy_(torch.tensor(_START))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to centres (B, regions, 2), (x, y) from -1 to 1."""
        return torch.tanh(self.fc(pool_mean(x))).unflatten(1, (NUM_REGIONS, 2))


def crop_regions(x: Tensor, centres: Tensor, size: tuple[int, int], align_corners: bool) -> Tensor:
    """Cut a stripe of full width and a quarter of the height around each centre.

    Args:
        x: (B, C, H, W) map.
        centres: (B, R, 2) of :class:`HardAttention`.
        size: (h, w) of the result.
        align_corners: whether -1 and 1 are the centres of the outer pixels (torch before 1.3) or their outer edges.

    Returns:
        (B, R, C, h, w); zeros where a region reaches out of the map.
    """
    batch, regions = centres.shape[:2]
    theta = x.new_zeros(batch, regions, 2, 3)
    theta[..., 0, 0] = 1
    theta[..., 1, 1] = _REGION_HEIGHT
    theta[..., 2] = centres.to(x.dtype)
    repeated = x.repeat_interleave(regions, dim=0)
    grid = F.affine_grid(theta.flatten(0, 1), list(repeated.shape), align_corners=align_corners)
    stripes = F.grid_sample(repeated, grid, align_corners=align_corners)  # as large as the map: the stripe is stretched
    return F.interpolate(stripes, size, mode='bilinear', align_corners=True).unflatten(0, (batch, regions))
