"""The trunk of PFNet in CCNet's repository: ResNet-50 with a spatial gate behind its third and its last stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from next_mm.models.backbones.resnet import ResNet
from next_mm.registry import MODELS

__all__ = ['GatedTrunk', 'SpatialGate']


class SpatialGate(nn.Module):
    """A weight from 0 to 1 for each position, from the mean and the largest of its channels (CBAM)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to the weights (B, 1, H, W)."""
        return torch.sigmoid(self.conv(torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)))


@MODELS.register_module()
class GatedTrunk(nn.Module):
    """A trunk and its gate.

    Args:
        trunk: config of :class:`~next_mm.models.backbones.resnet.ResNet`.
    """

    def __init__(self, *, trunk: Mapping[str, Any]) -> None:
        super().__init__()
        self.trunk: ResNet = MODELS.build(dict(trunk))
        self.gate = SpatialGate()
        self.out_dim = self.trunk.out_dim

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, 3, H, W) pictures to the last stage's gated map."""
        trunk = self.trunk
        x = trunk.layer3(trunk.layer2(trunk.layer1(trunk.stem(x))))
        x = trunk.layer4(x * self.gate(x))
        return x * self.gate(x)
