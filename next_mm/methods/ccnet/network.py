"""The network of CCNet: ResNet-50 with adaptive layer normalisation between its second and third stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from next_mm.methods.ccnet.alnu import AdaptiveLayerNorm
from next_mm.models.backbones import TrunkNetwork
from next_mm.models.layers import pool_mean
from next_mm.registry import MODELS

__all__ = ['CCNetwork']


@MODELS.register_module()
class CCNetwork(TrunkNetwork):
    """Trunk with adaptive layer normalisation, averaged; the feature is ``'whole'``.

    Args:
        image_size: height and width in pixels of the pictures.
        trunk: config of the trunk.
    """

    def __init__(self, *, image_size: tuple[int, int], trunk: Mapping[str, Any]) -> None:
        super().__init__(image_size=image_size, trunk=trunk)
        self.norm = AdaptiveLayerNorm(self.trunk.out_dim // 4)

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """Map (B, 3, H, W) pictures to the feature (B, F)."""
        trunk = self.trunk
        x = self.norm(trunk.layer2(trunk.layer1(trunk.stem(images))))
        return {'whole': pool_mean(trunk.layer4(trunk.layer3(x)))}
