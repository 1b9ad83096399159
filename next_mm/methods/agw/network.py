"""The network of AGW: ResNet-50 with non-local blocks and generalised-mean pooling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from next_mm.models.backbones import TrunkNetwork
from next_mm.registry import MODELS

__all__ = ['AGWNetwork', 'GeMPool', 'NonLocal', 'pool_gem']

_NONLOCAL = {2: 2, 3: 3}
"""Stage to the number of its last blocks that a non-local block follows."""


@MODELS.register_module()
class AGWNetwork(TrunkNetwork):
    """Trunk with non-local blocks behind the last two blocks of stage 2 and the last three of stage 3, then GeM.

    The feature is ``'whole'``.

    Args:
        image_size: height and width in pixels of the pictures.
        trunk: config of the trunk.
    """

    def __init__(self, *, image_size: tuple[int, int], trunk: Mapping[str, Any]) -> None:
        super().__init__(image_size=image_size, trunk=trunk)
        width = self.trunk.conv1.out_channels
        self.nonlocal2 = nn.ModuleList(NonLocal(8 * width) for _ in self._last_blocks(2))
        self.nonlocal3 = nn.ModuleList(NonLocal(16 * width) for _ in self._last_blocks(3))
        self.pool = GeMPool()

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """Map (B, 3, H, W) pictures to the feature (B, F)."""
        x = self.trunk.layer1(self.trunk.stem(images))
        x = self.run_stage(2, x)
        x = self.run_stage(3, x)
        return {'whole': self.pool(self.trunk.layer4(x))}

    def _last_blocks(self, stage: int) -> range:
        blocks = len(getattr(self.trunk, f'layer{stage}'))
        return range(max(blocks - _NONLOCAL[stage], 0), blocks)

    def run_stage(self, stage: int, x: Tensor) -> Tensor:
        """Map a map through stage 2 or 3 with its non-local blocks."""
        last = self._last_blocks(stage)
        nonlocals = getattr(self, f'nonlocal{stage}')
        for index, block in enumerate(getattr(self.trunk, f'layer{stage}')):
            x = block(x)
            if index in last:
                x = nonlocals[index - last.start](x)
        return x


class NonLocal(nn.Module):
    """Non-local block with one inner channel (Wang et al., CVPR 2018), the identity before training.

    AGW means half of the channels inside, but its code divides the ratio by itself. Its released weights have one.

    Args:
        channels: of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.theta, self.phi, self.g = (nn.Conv2d(channels, 1, 1) for _ in range(3))
        self.expand = nn.Conv2d(1, channels, 1)
        self.norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Add to each position of (B, C, H, W) the mean over all positions of their values times their affinities.

        With one inner channel the affinity of positions i, j is the product theta_i phi_j, so the sum over j is the
        same number for all i: no matrix of positions is built.
        """
        mean = (self.phi(x) * self.g(x)).mean(dim=(2, 3), keepdim=True)  # (B, 1, 1, 1)
        return self.norm(self.expand(self.theta(x) * mean)) + x


class GeMPool(nn.Module):
    """Generalised-mean pooling with one learned power (Radenovic et al., TPAMI 2019)."""

    def __init__(self, power: float = 3.0) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor([power]))

    def forward(self, x: Tensor) -> Tensor:
        """Pool (B, C, H, W) to (B, C)."""
        return pool_gem(x, self.power)


def pool_gem(x: Tensor, power: Tensor, floor: float = 1e-6) -> Tensor:
    """Return the ``power``-mean of each channel of (B, C, H, W), (B, C); values below ``floor`` count as it."""
    return x.clamp(min=floor).pow(power).mean(dim=(2, 3)).pow(1 / power)
