"""The two Inception blocks of HACNN; every convolution has a bias, batch norm and ReLU behind it."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn

from next_mm.models.layers import ConvBN

__all__ = ['InceptionA', 'InceptionB', 'conv']

conv = partial(ConvBN, bias=True)


class InceptionA(nn.Module):
    """Four streams of a quarter of the channels each; the size of the map stays."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        quarter = out_channels // 4
        self.streams = nn.ModuleList(
            nn.Sequential(conv(in_channels, quarter), conv(quarter, quarter, 3)) for _ in range(3)
        )
        self.streams.append(nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), conv(in_channels, quarter)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in, H, W) to (B, out, H, W)."""
        return torch.cat([stream(x) for stream in self.streams], dim=1)


class InceptionB(nn.Module):
    """Two streams of a quarter and a pooled one of half of the channels; the map is halved."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        quarter = out_channels // 4
        self.streams = nn.ModuleList(
            [
                nn.Sequential(conv(in_channels, quarter), conv(quarter, quarter, 3, stride=2)),
                nn.Sequential(
                    conv(in_channels, quarter), conv(quarter, quarter, 3), conv(quarter, quarter, 3, stride=2)
                ),
                nn.Sequential(nn.MaxPool2d(3, stride=2, padding=1), conv(in_channels, 2 * quarter)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, in, H, W) to (B, out, H / 2, W / 2)."""
        return torch.cat([stream(x) for stream in self.streams], dim=1)
