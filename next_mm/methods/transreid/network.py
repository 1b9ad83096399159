"""TransReID's network: a vision transformer that ends in a global branch and, by the jigsaw, in local ones (JPM)."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor

from next_mm.registry import MODELS
from next_mm.utils.options import check_number

__all__ = ['TransReIDNetwork', 'shuffle_patches']


@MODELS.register_module()
class TransReIDNetwork(BaseModule):
    """Map pictures to the ``whole`` feature and, with a jigsaw, ``local1`` to ``local4``, each (B, D).

    The tower ends before its last block, of which the global branch has a copy and the local branches share another.

    Args:
        backbone: config of the tower, :class:`SideViT`.
        num_locals: number of local branches; 0 is the network without a jigsaw.
        shift: the jigsaw moves ``shift - 1`` patches from the front to the end: 5 for persons, 8 for vehicles.

    Raises:
        ConfigError: an option is out of range.
    """

    def __init__(self, *, backbone: Mapping[str, Any], num_locals: int = 4, shift: int = 5) -> None:
        super().__init__()
        self.backbone = MODELS.build(dict(backbone))
        self.image_size = self.backbone.image_size
        self.reads_cameras = self.backbone.reads_cameras
        self.num_locals = num_locals
        self.shift = shift
        self.widths = dict.fromkeys(('whole', *(f'local{k}' for k in range(1, num_locals + 1))), self.backbone.out_dim)
        patches = self.backbone.grid[0] * self.backbone.grid[1]
        check_number('TransReIDNetwork.num_locals', num_locals, 0, patches)
        check_number('TransReIDNetwork.shift', shift, 1, patches)
        self.group = patches // max(num_locals, 1)
        self.global_end = self.backbone.take_end()
        if num_locals:
            self.local_end = deepcopy(self.global_end)

    def forward(self, images: Tensor, cameras: Tensor | None = None) -> dict[str, Tensor]:
        """Encode pictures (B, 3, H, W) of cameras (B,)."""
        tokens = self.backbone(images, cameras)
        features = {'whole': self.global_end(tokens)}
        if not self.num_locals:
            return features
        patches = shuffle_patches(tokens[:, 1:], self.shift)
        groups = patches[:, : self.num_locals * self.group].unflatten(1, (self.num_locals, -1))  # (B, G, N / G, D)
        groups = torch.cat([tokens[:, None, :1].expand(-1, self.num_locals, -1, -1), groups], dim=2)
        locals_ = self.local_end(groups.flatten(0, 1)).unflatten(0, (-1, self.num_locals))
        return features | {f'local{k}': feature for k, feature in enumerate(locals_.unbind(dim=1), 1)}


def shuffle_patches(patches: Tensor, shift: int) -> Tensor:
    """Bring patches (B, N, D) into the jigsaw's order.

    The first ``shift - 1`` go to the end (the authors' option is one more than what moves), then the two halves
    interleave. An odd number is made even by the last but one patch once more.
    """
    patches = patches.roll(1 - shift, dims=1)
    if patches.shape[1] % 2:
        patches = torch.cat([patches, patches[:, -2:-1]], dim=1)
    return patches.unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)
