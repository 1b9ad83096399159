"""CLIP's visual tower as a backbone for triplets (Sec. III-A)."""

from __future__ import annotations

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.models.backbones.base import CameraEmbedding, VisualFeatures, encode_triplets
from next_mm.models.clip.attention import SelfAttention
from next_mm.models.clip.loading import load_clip
from next_mm.models.clip.quick_gelu import QuickGELUMLP, is_quick_gelu
from next_mm.registry import MODELS
from next_mm.utils.options import check_size


@MODELS.register_module()
class CLIPVisual(BaseModule):
    """CLIP's visual tower, one for the three modalities; class and patch tokens in the joint picture-text space.

    Args:
        model_name: a model name of open_clip with a plain vision transformer, or an open_clip model config file.
        pretrained: pretrained tag, local file or ``None``; see :func:`next_mm.models.clip.loading.load_clip`.
        image_size: picture height and width in pixels.
        stride: patch stride in pixels, at most the patch size; ``None`` is the patch size.
        passes: ``'separate'`` encodes one modality after the other, ``'joint'`` all three in one pass; the numbers are the same, which
            is faster depends on the device (docs/performance.md).
        grad_checkpointing: recompute the blocks in the backward pass to save memory.
        num_cameras: with a number, a learned embedding of the camera is added to the tokens (as in TransReID); 0 is off.

    Raises:
        ConfigError: the model's visual tower is no plain vision transformer with a class token, an option is out of range, or, in a
            forward pass, the pictures have another size.
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
    ) -> None:
        super().__init__()
        check_size('CLIPVisual.image_size', image_size)
        self.tower = load_clip(model_name, pretrained, image_size=(image_size[0], image_size[1]), stride=stride).visual
        _check_tower(self.tower, model_name)
        for block in self.tower.transformer.resblocks:
            if isinstance(block.attn, nn.MultiheadAttention):  # open_clip's own variants need no help
                block.attn = SelfAttention(block.attn)
            if is_quick_gelu(block.mlp):
                block.mlp = QuickGELUMLP(block.mlp)
        self.tower.set_grad_checkpointing(grad_checkpointing)
        self.passes = passes
        self.reads_cameras = num_cameras > 0
        self.image_size = (image_size[0], image_size[1])
        self.out_dim: int = self.tower.output_dim
        self.grid: tuple[int, int] = self.tower.grid_size
        self.camera_embedding = (
            CameraEmbedding(num_cameras, self.tower.ln_post.normalized_shape[0]) if num_cameras else None
        )

    def forward(self, images: Tensor, cameras: Tensor | None = None) -> VisualFeatures:
        """Encode (B, 3, 3, H, W) pictures; ``cameras`` (B,) is read only with a camera embedding."""
        extra = self.camera_embedding(cameras) if self.camera_embedding is not None else None
        return encode_triplets(self._encode, images, extra, self.passes, self.image_size)

    def _encode(self, images: Tensor, extra: Tensor | None) -> Tensor:
        """Encode (B, 3, H, W) pictures of one modality to (B, 1 + N, D) tokens, the class token first."""
        tower = self.tower
        patches = tower.conv1(images).flatten(2).transpose(1, 2)  # (B, N, width)
        classes = tower.class_embedding.to(patches.dtype).expand(len(patches), 1, -1)
        x = torch.cat([classes, patches], dim=1) + tower.positional_embedding.to(patches.dtype)
        if extra is not None:
            x = x + extra
        x = tower.ln_post(tower.transformer(tower.ln_pre(x)))
        return x @ tower.proj


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
