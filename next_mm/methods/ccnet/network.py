"""The network of CCNet: ResNet-50 with adaptive layer normalisation between its second and third stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from next_mm.methods.ccnet.alnu import AdaptiveLayerNorm
from next_mm.models.backbones.picture_network import PictureNetwork
from next_mm.models.backbones.resnet import ResNet
from next_mm.models.layers import pool_mean
from next_mm.registry import MODELS

__all__ = ['CCNetwork']


@MODELS.register_module()
class CCNetwork(PictureNetwork):
    """Trunk with adaptive layer normalisation, averaged; the feature is ``'whole'``.

    Args:
        image_size: height and width in pixels of the pictures.
        trunk: config of the trunk.
    """

    def __init__(self, *, image_size: tuple[int, int], trunk: Mapping[str, Any]) -> None:
        built: ResNet = MODELS.build(dict(trunk))
        super().__init__(image_size=image_size, widths={'whole': built.out_dim})
        self.trunk = built
        self.norm = AdaptiveLayerNorm(built.out_dim // 4)

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """Map (B, 3, H, W) pictures to the feature (B, F)."""
        trunk = self.trunk
        x = self.norm(trunk.layer2(trunk.layer1(trunk.stem(images))))
        return {'whole': pool_mean(trunk.layer4(trunk.layer3(x)))}
