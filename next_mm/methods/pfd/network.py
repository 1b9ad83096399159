"""PFD's network: parts of a picture and views of a decoder, matched under the guidance of a pose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.methods.pfd.decoder import ViewDecoder
from next_mm.methods.pfd.matching import align_parts, match_views, split_by_joint
from next_mm.methods.pfd.pose import NUM_JOINTS
from next_mm.registry import MODELS
from next_mm.utils.options import check_heads, check_integer, check_number

__all__ = ['PFDNetwork']

_NUMBERS = range(1, NUM_JOINTS + 1)


@MODELS.register_module()
class PFDNetwork(BaseModule):
    """Map pictures and heat maps to the features ``whole``, ``part1`` to ``part17``, ``view`` and ``view1`` to
    ``view17``, each (B, D).

    Args:
        backbone: config of the tower, :class:`SideViT`.
        decoder_depth: number of layers of the decoder.
        num_heads: heads of the decoder.
        hidden: hidden width of the decoder's feed-forward networks.
        threshold: greatest value of a heat map from which its joint is sure.

    Raises:
        ConfigError: an option is out of range, or there are fewer patches than joints.
    """

    def __init__(
        self,
        *,
        backbone: Mapping[str, Any],
        decoder_depth: int = 2,
        num_heads: int = 8,
        hidden: int = 2048,
        threshold: float = 0.3,
    ) -> None:
        super().__init__()
        check_integer('PFDNetwork.decoder_depth', decoder_depth, 1)
        check_integer('PFDNetwork.hidden', hidden, 1)
        check_number('PFDNetwork.threshold', threshold, 0)
        self.backbone = MODELS.build(dict(backbone))
        self.image_size = self.backbone.image_size
        self.reads_cameras = self.backbone.reads_cameras
        width, (rows, columns) = self.backbone.out_dim, self.backbone.grid
        check_heads('PFDNetwork.num_heads', num_heads, width)
        if rows * columns < NUM_JOINTS:
            raise ConfigError(f'PFDNetwork: expected at least {NUM_JOINTS} patches, got {rows} x {columns}')
        names = ('whole', *(f'part{j}' for j in _NUMBERS), 'view', *(f'view{j}' for j in _NUMBERS))
        self.widths = dict.fromkeys(names, width)
        self.threshold = threshold
        self.part_end = self.backbone.take_end()
        self.pose_embedding = nn.Linear((self.image_size[0] // 4) * (self.image_size[1] // 4), width)
        self.decoder = ViewDecoder(width, NUM_JOINTS, decoder_depth, num_heads=num_heads, hidden=hidden)
        self.unseen_neck = nn.BatchNorm1d(width)
        self.unseen_neck.bias.requires_grad_(False)

    def forward(self, images: Tensor, cameras: Tensor | None, heatmaps: Tensor) -> dict[str, Tensor]:
        """Encode pictures (B, 3, H, W) of cameras (B,) with heat maps (B, 17, H / 4, W / 4).

        Returns:
            The features, and ``unseen`` (B, D), behind its BatchNorm, which the push loss reads.
        """
        tokens = self.backbone(images, cameras)
        heatmaps = heatmaps.flatten(2)
        joints = self.pose_embedding(heatmaps)  # (B, J, D)
        pose = F.adaptive_avg_pool1d(heatmaps.mean(dim=1, keepdim=True), joints.shape[2])  # (B, 1, D)
        parts = self.encode_parts(tokens)
        views = self.decoder(tokens * pose)
        matched, index = match_views(align_parts(parts, joints), views)
        sure = (heatmaps.amax(dim=2) >= self.threshold).gather(1, index)
        view, unseen, ordered = split_by_joint(matched, sure)
        features = {
            'whole': tokens[:, 0] * (1 + pose[:, 0]),
            **{f'part{j}': part for j, part in zip(_NUMBERS, parts.unbind(dim=1))},
            'view': view,
            **{f'view{j}': row for j, row in zip(_NUMBERS, ordered.unbind(dim=1))},
        }
        return features | {'unseen': self.unseen_neck(unseen)}

    def encode_parts(self, tokens: Tensor) -> Tensor:
        """Run the end of the tower on the class token and each group of consecutive patches,
        (B, 1 + N, D) to (B, 17, D)."""
        size = (tokens.shape[1] - 1) // NUM_JOINTS
        classes, patches = tokens[:, None, :1], tokens[:, 1:]
        first = patches[:, : size * (NUM_JOINTS - 1)].unflatten(1, (NUM_JOINTS - 1, size))
        first = torch.cat([classes.expand(-1, NUM_JOINTS - 1, -1, -1), first], dim=2)
        last = torch.cat([classes[:, 0], patches[:, size * (NUM_JOINTS - 1) :]], dim=1)  # takes what is left
        parts = self.part_end(first.flatten(0, 1)).unflatten(0, (-1, NUM_JOINTS - 1))
        return torch.cat([parts, self.part_end(last).unsqueeze(1)], dim=1)
