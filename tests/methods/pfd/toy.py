"""PFD with tiny towers and joints that are bright spots."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from next_mm.registry import MODELS
from tests.methods.side_vit import SIDE_VIT
from tests.methods.toys import LOSSES

_FIRST = ('whole', *(f'part{j}' for j in range(1, 18)))
_SECOND = ('view', *(f'view{j}' for j in range(1, 18)))


@MODELS.register_module()
class ToyPose(BaseModule):
    """Heat maps that are a red channel; in a dark picture two thirds of the joints are weak."""

    def forward(self, images: Tensor) -> Tensor:
        """Map (B, 3, H, W) to (B, 17, H / 4, W / 4)."""
        maps = F.avg_pool2d(images[:, :1], 4)
        weak = maps.new_tensor([0.3 if j % 3 else 0.9 for j in range(17)])
        bright = images.mean(dim=(1, 2, 3)) > 0
        strength = weak.where(~bright[:, None], weak.new_tensor(0.9))  # (B, 17)
        return maps.sigmoid() * strength[:, :, None, None]


TOYS: dict[str, dict[str, Any]] = {
    'plain': dict(
        type='PFDReID',
        pose=dict(type='ToyPose'),
        network=dict(
            type='PFDNetwork', backbone=dict(SIDE_VIT, patch_size=4, stride=4, num_cameras=2), num_heads=2, hidden=24
        ),
        branches={name: dict(losses=LOSSES) for name in _FIRST + _SECOND},
        test_features=_FIRST + _SECOND,
    )
}
