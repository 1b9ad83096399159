"""IDEA's picture tower, in which the inverted caption goes along as one token more."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from next_mm.models.backbones.base import check_pictures
from next_mm.models.backbones.clip_vit import CLIPVisual
from next_mm.registry import MODELS
from next_mm.triplet import NUM_MODALITIES

__all__ = ['InverseNet', 'InvertedCLIPVisual', 'InvertedFeatures']


class InverseNet(nn.Sequential):
    """From a caption's feature to a token of the picture tower.

    Args:
        dim: width of the caption's feature.
        width: width of the token.
        dropout: dropout behind both layers.
    """

    def __init__(self, dim: int, width: int, dropout: float = 0.1) -> None:
        super().__init__(
            nn.Linear(dim, 4 * dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * dim, width), nn.Dropout(dropout)
        )


class InvertedFeatures(NamedTuple):
    """Class tokens (B, 3, D), patch tokens (B, 3, N, D) and the tokens of the captions (B, 3, D)."""

    classes: Tensor
    patches: Tensor
    captions: Tensor


@MODELS.register_module()
class InvertedCLIPVisual(CLIPVisual):
    """CLIP's visual tower over class token, patches and a caption's token; the options are those of its base."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.require_shared_tower()
        self.caption_position = nn.Parameter(torch.randn(1, self.width) / math.sqrt(self.width))

    def forward(  # type: ignore[override]
        self, images: Tensor, captions: Tensor, cameras: Tensor | None = None
    ) -> InvertedFeatures:
        """Encode pictures (B, 3, 3, H, W) with the tokens (B, 3, width) of their captions; ``cameras`` is (B,)."""
        check_pictures(images, self.image_size)
        camera = self.embed_cameras(cameras)
        own = captions + self.caption_position
        if camera is not None:
            own = own + camera
        if self.batch_modalities:
            repeated = None if camera is None else camera.repeat_interleave(NUM_MODALITIES, dim=0)
            x = self._encode_with(images.flatten(0, 1), own.flatten(0, 1), repeated).unflatten(0, (-1, NUM_MODALITIES))
        else:
            parts = [self._encode_with(images[:, m], own[:, m], camera) for m in range(NUM_MODALITIES)]
            x = torch.stack(parts, dim=1)
        return InvertedFeatures(x[:, :, 0], x[:, :, 1:-1], x[:, :, -1])

    def _encode_with(self, images: Tensor, caption: Tensor, camera: Tensor | None) -> Tensor:
        """Encode pictures (B, 3, H, W) with a token (B, width) behind theirs to (B, N + 2, D)."""
        x = torch.cat([self.embed(images, camera), caption.unsqueeze(1)], dim=1)
        return self.tower.ln_post(self.tower.transformer(self.tower.ln_pre(x))) @ self.tower.proj
