"""CLIP's visual tower as a backbone for triplets (Sec. III-A)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from next_mm.errors import ConfigError
from next_mm.models.backbones.base import CameraEmbedding, VisualFeatures, encode_triplets
from next_mm.models.clip.attention import SelfAttention
from next_mm.models.clip.loading import load_clip
from next_mm.models.clip.position_embedding import PositionFilter
from next_mm.models.clip.quick_gelu import QuickGELUMLP, is_quick_gelu
from next_mm.registry import MODELS
from next_mm.utils.options import check_choice, check_size


@MODELS.register_module()
class CLIPVisual(BaseModule):
    """CLIP's visual tower, one for the three modalities; class and patch tokens in the joint picture-text space.

    Args:
        model_name: a model name of open_clip with a plain vision transformer, or an open_clip model config file.
        pretrained: pretrained tag, local file or ``None``; see :func:`next_mm.models.clip.loading.load_clip`.
        image_size: picture height and width in pixels.
        stride: patch stride in pixels, at most the patch size; ``None`` is the patch size.
        passes: ``'separate'`` encodes one modality after the other, ``'joint'`` all three in one pass; the numbers are
            the same, which is faster depends on the device (docs/performance.md).
        grad_checkpointing: recompute the blocks in the backward pass to save memory.
        num_cameras: with a number, a learned embedding of the camera is added to the tokens (as
            in TransReID); 0 is off.
        first_camera: number of the first camera, ``None`` for 0 or 1.
        camera_on: the camera is added to ``'all'`` tokens or to the ``'class'`` token alone.
        position_filter: how the position embedding is resized at loading, ``'bicubic'``
            (open_clip's way) or ``'bilinear'``.

    Raises:
        ConfigError: the model's visual tower is no plain vision transformer with a class token, an option is out of
            range, or, in a forward pass, the pictures have another size.
    """

    def __init__(
        self,
        *,
        model_name: str,
        pretrained: str | None,
        image_size: tuple[int, int],
        stride: int | None = None,
        passes: str = 'separate',
        grad_checkpointing: bool = False,
        num_cameras: int = 0,
        first_camera: int | None = None,
        camera_on: Literal['all', 'class'] = 'all',
        position_filter: PositionFilter = 'bicubic',
    ) -> None:
        super().__init__()
        check_size('CLIPVisual.image_size', image_size)
        check_choice('CLIPVisual.camera_on', camera_on, ('all', 'class'))
        check_choice('CLIPVisual.position_filter', position_filter, ('bicubic', 'bilinear'))
        size = (image_size[0], image_size[1])
        self.tower = load_clip(
            model_name, pretrained, image_size=size, stride=stride, position_filter=position_filter
        ).visual
        _check_tower(self.tower, model_name)
        for block in self.tower.transformer.resblocks:
            if isinstance(block.attn, nn.MultiheadAttention):  # open_clip's own variants need no help
                block.attn = SelfAttention(block.attn)
            if is_quick_gelu(block.mlp):
                block.mlp = QuickGELUMLP(block.mlp)
        self.tower.set_grad_checkpointing(grad_checkpointing)
        self.passes = passes
        self.reads_cameras = num_cameras > 0
        self.camera_on = camera_on
        self.image_size = size
        self.width: int = self.tower.ln_post.normalized_shape[0]
        self.out_dim: int = self.tower.output_dim
        self.grid: tuple[int, int] = self.tower.grid_size
        self.camera_embedding = CameraEmbedding(num_cameras, self.width, first_camera) if num_cameras else None

    def forward(self, images: Tensor, cameras: Tensor | None = None) -> VisualFeatures:
        """Encode (B, 3, 3, H, W) pictures; ``cameras`` (B,) is read only with a camera embedding."""
        return encode_triplets(self._encode, images, self.embed_cameras(cameras), self.passes, self.image_size)

    def embed_cameras(self, cameras: Tensor | None) -> Tensor | None:
        """Map (B,) camera numbers to (B, 1, width), or ``None`` without a camera embedding."""
        return self.camera_embedding(cameras) if self.camera_embedding is not None else None

    def embed(self, images: Tensor, extra: Tensor | None) -> Tensor:
        """Turn (B, 3, H, W) pictures of one modality into the tokens (B, 1 + N, width) in front of the first norm."""
        patches = self.tower.conv1(images).flatten(2).transpose(1, 2)  # (B, N, width)
        classes = self.tower.class_embedding.to(patches.dtype).expand(patches.shape[0], 1, -1)
        if extra is not None and self.camera_on == 'class':
            classes = classes + extra
        x = torch.cat([classes, patches], dim=1) + self.tower.positional_embedding.to(patches.dtype)
        return x + extra if extra is not None and self.camera_on == 'all' else x

    def recomputed(self, function: Callable[..., Any], *inputs: Tensor | None) -> Any:
        """Call a function, whose tensors are computed again in the backward pass where ``grad_checkpointing`` is on."""
        if self.tower.transformer.grad_checkpointing and torch.is_grad_enabled():
            return checkpoint(function, *inputs, use_reentrant=False)
        return function(*inputs)

    def _encode(self, images: Tensor, extra: Tensor | None) -> Tensor:
        """Encode (B, 3, H, W) pictures of one modality to (B, 1 + N, D) tokens, the class token first."""
        tower = self.tower
        x = tower.transformer(tower.ln_pre(self.embed(images, extra)))
        return tower.ln_post(x) @ tower.proj


def _check_tower(tower: nn.Module, model_name: str) -> None:
    """Refuse towers whose forward pass is another than the plain vision transformer's above."""
    plain = (
        hasattr(tower, 'conv1')
        and getattr(tower, 'attn_pool', None) is None
        and getattr(tower, 'pool_type', '') == 'tok'
        and not getattr(tower, 'final_ln_after_pool', False)
        and getattr(tower, 'proj', None) is not None
    )
    if not plain:
        raise ConfigError(
            f'{model_name}: its visual tower is no plain vision transformer with a class token and a projection; '
            'for other towers use backbone type TimmVisual'
        )
