"""HACNN (Li et al., CVPR 2018): a global branch with attention, and a local one on the regions that it picks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from next_mm.methods.hacnn.attention import NUM_REGIONS, HardAttention, SoftAttention, crop_regions
from next_mm.methods.hacnn.inception import InceptionA, InceptionB, conv
from next_mm.models.backbones.picture_network import PictureNetwork
from next_mm.models.layers import pool_mean
from next_mm.registry import MODELS
from next_mm.utils.options import check_integer, check_size

__all__ = ['HACNN']

_STEM = 32


@MODELS.register_module()
class HACNN(PictureNetwork):
    """HACNN without its classifiers; the features are ``'whole'`` and ``'local'``.

    Args:
        image_size: height and width in pixels of the pictures; the authors' code takes 160 x 64 alone.
        out_dim: width of the global and of the local feature.
        widths: channels of the three levels.
        region_size: height and width of the first level's regions, halved from level to level.
        align_corners: how regions are sampled: ``False`` is what the authors' code does on a current torch, ``True``
            what it did on the torch of its time.
    """

    def __init__(
        self,
        *,
        image_size: tuple[int, int] = (160, 64),
        out_dim: int = 512,
        widths: Sequence[int] = (128, 256, 384),
        region_size: tuple[int, int] = (24, 28),
        align_corners: bool = False,
    ) -> None:
        super().__init__(image_size=image_size, widths={'whole': out_dim, 'local': out_dim})
        for number in widths:
            check_integer('HACNN.widths', number, 1)
        check_size('HACNN.region_size', region_size, smallest=2 ** (len(widths) - 1))
        self.stem = conv(3, _STEM, 3, stride=2)
        sizes = (_STEM, *widths)
        self.stages = nn.ModuleList(
            nn.Sequential(InceptionA(before, after), InceptionB(after, after)) for before, after in zip(sizes, widths)
        )
        self.soft = nn.ModuleList(SoftAttention(width) for width in widths)
        self.hard = nn.ModuleList(HardAttention(width) for width in widths)
        self.local = nn.ModuleList(InceptionB(before, after) for before, after in zip(sizes, widths))
        self.fc_whole = _head(widths[-1], out_dim)
        self.fc_local = _head(NUM_REGIONS * widths[-1], out_dim)
        self.region_sizes = [(region_size[0] // 2**level, region_size[1] // 2**level) for level in range(len(widths))]
        self.align_corners = align_corners

    def encode(self, images: Tensor) -> dict[str, Tensor]:
        """Map (B, 3, H, W) pictures to the global and the local feature, (B, F) each."""
        x = self.stem(images)
        regions: list[Tensor] = []
        for level, stage in enumerate(self.stages):
            mapped = stage(x)
            centres = self.hard[level](mapped)
            crops = crop_regions(x, centres, self.region_sizes[level], self.align_corners)
            # one after the other: batch norm has the statistics of a region, as in the authors' code
            local = self.local[level]
            regions = [
                local(crops[:, index] + regions[index] if regions else crops[:, index]) for index in range(NUM_REGIONS)
            ]
            x = mapped * self.soft[level](mapped)
        pooled = torch.cat([pool_mean(region) for region in regions], dim=1)
        return {'whole': self.fc_whole(pool_mean(x)), 'local': self.fc_local(pooled)}


def _head(in_dim: int, out_dim: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(in_dim, out_dim), nn.BatchNorm1d(out_dim), nn.ReLU())
