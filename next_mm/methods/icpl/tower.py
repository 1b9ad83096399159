"""ICPL's towers: CLIP's, frozen but for the last norm and the projection, with an adapter in each block."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.models.backbones.base import check_pictures
from next_mm.models.backbones.clip_vit import CLIPVisual
from next_mm.models.clip.attention import read_by_one_query
from next_mm.registry import MODELS
from next_mm.triplet import MODALITIES, NUM_MODALITIES
from next_mm.utils.options import check_integer, check_number

__all__ = ['Adapter', 'AdapterCLIPVisual', 'AdapterFeatures']


class AdapterFeatures(NamedTuple):
    """Class tokens in front of the last block (B, 3, W), behind the last norm (B, 3, W), in the
    joint space (B, 3, D)."""

    before: Tensor
    classes: Tensor
    joint: Tensor


class Adapter(nn.Module):
    """Two linear layers with ReLU and dropout between them; the second begins at zero.

    Args:
        width: width of input and output.
        hidden: width between.
        dropout: dropout in front of the second layer.
    """

    def __init__(self, width: int, hidden: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = dropout
        self.down = nn.Linear(width, hidden)
        self.up = nn.Linear(hidden, width)
        nn.init.kaiming_uniform_(self.down.weight, a=5**0.5)
        for tensor in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(tensor)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., W) to (..., W)."""
        return self.up(F.dropout(F.relu(self.down(x)), self.dropout, self.training))


@MODELS.register_module()
class AdapterCLIPVisual(CLIPVisual):
    """CLIP's visual tower, one or one a modality, with an :class:`Adapter` beside each feed-forward block.

    Args:
        hidden: hidden width of the adapters, ``None`` for the width of the tokens.
        scale: factor on what the adapters add.
        options: those of :class:`CLIPVisual`.
    """

    def __init__(self, *, hidden: int | None = None, scale: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        check_number('AdapterCLIPVisual.scale', scale, 0)
        if hidden is not None:
            check_integer('AdapterCLIPVisual.hidden', hidden, 1)
        self.scale = scale
        self.adapters = nn.ModuleDict()
        for owner in ('shared',) if self.shares_tower else MODALITIES:
            tower = self.tower if self.shares_tower else self.towers[owner]
            tower.requires_grad_(False)
            tower.ln_post.requires_grad_(True)
            tower.proj.requires_grad_(True)
            blocks = tower.transformer.resblocks
            self.adapters[owner] = nn.ModuleList(Adapter(self.width, hidden or self.width) for _ in blocks)

    def forward(  # type: ignore[override]
        self, images: Tensor, cameras: Tensor | None = None, *, adapted: bool = True
    ) -> AdapterFeatures:
        """Encode pictures (B, 3, 3, H, W), with or without the adapters; ``cameras`` is (B,)."""
        check_pictures(images, self.image_size)
        camera = self.embed_cameras(cameras)
        if self.batch_modalities:
            repeated = None if camera is None else camera.repeat_interleave(NUM_MODALITIES, dim=0)
            parts = self._encode_classes(images.flatten(0, 1), repeated, 0, adapted)
            return AdapterFeatures(*(part.unflatten(0, (-1, NUM_MODALITIES)) for part in parts))
        each = [self._encode_classes(images[:, m], camera, m, adapted) for m in range(NUM_MODALITIES)]
        return AdapterFeatures(*(torch.stack(part, dim=1) for part in zip(*each)))

    def adapters_of(self, modality: int) -> nn.ModuleList:
        """Return the adapters of a modality's tower."""
        return self.adapters['shared' if self.shares_tower else MODALITIES[modality]]

    def _encode_classes(
        self, images: Tensor, camera: Tensor | None, modality: int, adapted: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Encode pictures (B, 3, H, W) of one modality to the three class tokens of :class:`AdapterFeatures`."""
        tower = self.tower_of(modality)
        x = tower.ln_pre(self.embed(images, camera, tower))
        *blocks, (last, last_adapter) = zip(tower.transformer.resblocks, self.adapters_of(modality))
        for block, adapter in blocks:
            x = self.recomputed(self.run_adapted, block, adapter if adapted else None, x)
        classes = tower.ln_post(self.run_last(last, last_adapter if adapted else None, x))
        return x[:, 0], classes, classes @ tower.proj

    def run_adapted(self, block: nn.Module, adapter: Adapter | None, x: Tensor) -> Tensor:
        """Run a block on tokens (B, N, W)."""
        y = x + block.ls_1(block.attention(block.ln_1(x)))
        return self._feed_forward(block, adapter, y)

    def run_last(self, block: nn.Module, adapter: Adapter | None, x: Tensor) -> Tensor:
        """Run a block on tokens (B, N, W) for the class token alone: (B, W)."""
        normed = block.ln_1(x)
        y = x[:, 0] + block.ls_1(read_by_one_query(block.attn, normed[:, 0], normed))
        return self._feed_forward(block, adapter, y)

    def _feed_forward(self, block: nn.Module, adapter: Adapter | None, y: Tensor) -> Tensor:
        z = y + block.ls_2(block.mlp(block.ln_2(y)))
        return z if adapter is None else z + self.scale * adapter(y)

    def count_macs(self, args: tuple[Tensor, ...], output: AdapterFeatures) -> int:
        """Count the usual form: the last block, its adapter and the projection run for every token."""
        tokens, tower = 1 + self.grid[0] * self.grid[1], self.tower_of(0)
        matrices = [p for p in self.adapters_of(0).parameters() if p.dim() == 2]
        adapters = tokens * sum(matrix.numel() for matrix in [*matrices, tower.proj])
        blocks = self.count_blocks(tokens, len(tower.transformer.resblocks))
        return len(args[0]) * NUM_MODALITIES * (self.count_patches() + blocks + adapters)
