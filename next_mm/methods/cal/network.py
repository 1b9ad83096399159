"""The network of CAL (Rao et al., ICCV 2021): ResNet-50 with attention, and bilinear pooling over part maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.methods.cal.attention import SplitAttention, SqueezeExcitation
from next_mm.models.backbones.picture_network import PictureNetwork
from next_mm.models.backbones.resnet import ResNet
from next_mm.registry import MODELS

__all__ = ['CALNetwork', 'pool_parts']

_PARTS = 8


@MODELS.register_module()
class CALNetwork(PictureNetwork):
    """Trunk with attention, part maps, and the embedding of what they pool: the feature ``'whole'``.

    Args:
        image_size: height and width in pixels of the pictures.
        embed_dim: width of the feature.
        trunk: config of the trunk.
    """

    def __init__(self, *, image_size: tuple[int, int], embed_dim: int = 2048, trunk: Mapping[str, Any]) -> None:
        super().__init__(image_size=image_size, widths={'whole': embed_dim})
        self.trunk: ResNet = MODELS.build(dict(trunk))
        width = self.trunk.conv1.out_channels
        self.refine = nn.ModuleList(_refine(width * factor) for factor in (1, 4, 8, 16, 32))
        self.parts = nn.Sequential(
            nn.Conv2d(self.trunk.out_dim, _PARTS, 1, bias=False), nn.BatchNorm2d(_PARTS, eps=1e-3), nn.ReLU()
        )
        self.embed = nn.Linear(_PARTS * self.trunk.out_dim, embed_dim, bias=False)
        nn.init.normal_(self.embed.weight, std=0.001)

    def refined_map(self, x: Tensor) -> Tensor:
        """Map (B, 3, H, W) pictures to the map (B, C, h, w) behind the last attention."""
        trunk = self.trunk
        for piece, refine in zip((trunk.stem, trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4), self.refine):
            x = refine(piece(x))
        return x

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """Map (B, 3, H, W) pictures to the embedding (B, E) and to the ``'counterfactual'`` one (B, E).

        The counterfactual pools the same map over random parts: uniform from 0 to 2 in training, ones otherwise.
        """
        mapped = self.refined_map(images)
        maps = self.parts(mapped)
        others = torch.rand_like(maps) * 2 if self.training else torch.ones_like(maps)
        return {
            'whole': self.embed(pool_parts(maps, mapped)),
            'counterfactual': self.embed(pool_parts(others, mapped)),
        }


def _refine(channels: int) -> nn.Sequential:
    norm = nn.BatchNorm2d(channels)
    norm.bias.requires_grad_(False)
    return nn.Sequential(SplitAttention(channels), norm, SqueezeExcitation(channels))


def pool_parts(maps: Tensor, features: Tensor) -> Tensor:
    """Bilinear attention pooling: average the features over each part, take signed roots, scale to length one.

    Args:
        maps: (B, M, h, w) weights of the parts.
        features: (B, C, h, w).

    Returns:
        (B, M C), all channels of the first part before those of the second.
    """
    positions = features.shape[2] * features.shape[3]
    pooled = (maps.flatten(2) @ features.flatten(2).transpose(1, 2)).flatten(1) / positions
    return F.normalize(pooled.sign() * (pooled.abs() + 1e-12).sqrt(), dim=1)
