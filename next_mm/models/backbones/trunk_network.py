"""A network that is a trunk, some of its own between or behind the stages, and one pooled feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from next_mm.models.backbones.picture_network import PictureNetwork
from next_mm.models.backbones.resnet import ResNet
from next_mm.models.layers import pool_mean
from next_mm.registry import MODELS

__all__ = ['TrunkNetwork']


class TrunkNetwork(PictureNetwork):
    """Trunk and global average pooling; the feature is ``'whole'``, as wide as the trunk's last map.

    Args:
        image_size: height and width in pixels of the pictures.
        trunk: config of the trunk, :class:`ResNet`.
    """

    def __init__(self, *, image_size: tuple[int, int], trunk: Mapping[str, Any]) -> None:
        built: ResNet = MODELS.build(dict(trunk))
        super().__init__(image_size=image_size, widths={'whole': built.out_dim})
        self.trunk = built

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """Map (B, 3, H, W) pictures to the feature (B, F)."""
        return {'whole': pool_mean(self.trunk(images))}
