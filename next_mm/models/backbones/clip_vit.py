"""CLIP's visual tower as a backbone for triplets (Sec. III-A)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from next_mm.errors import ConfigError
from next_mm.models.backbones.base import TripletBackbone
from next_mm.models.clip.attention import SelfAttention
from next_mm.models.clip.loading import load_clip
from next_mm.models.clip.position_embedding import POSITION_FILTERS, PositionFilter
from next_mm.models.clip.quick_gelu import QuickGELUMLP, is_quick_gelu
from next_mm.registry import MODELS
from next_mm.utils.options import check_choice


@MODELS.register_module()
class CLIPVisual(TripletBackbone):
    """CLIP's visual tower; class and patch tokens in the joint picture-text space.

    Args:
        model_name: a model name of open_clip with a plain vision transformer, or an open_clip model config file.
        pretrained: pretrained tag, local file or ``None``; see :func:`next_mm.models.clip.loading.load_clip`.
        stride: patch stride in pixels, at most the patch size; ``None`` is the patch size.
        grad_checkpointing: recompute the blocks in the backward pass to save memory.
        position_filter: how the position embedding is resized at loading, ``'bicubic'``
            (open_clip's way) or ``'bilinear'``.
        **options: those of :class:`TripletBackbone`.

    Raises:
        ConfigError: the model's visual tower is no plain vision transformer with a class token,
            or an option is out of range.
    """

    def __init__(
        self,
        *,
        model_name: str,
        pretrained: str | None,
        stride: int | None = None,
        grad_checkpointing: bool = False,
        position_filter: PositionFilter = 'bicubic',
        **options: Any,
    ) -> None:
        super().__init__(**options)
        check_choice('CLIPVisual.position_filter', position_filter, POSITION_FILTERS)

        def build() -> nn.Module:
            clip = load_clip(
                model_name, pretrained, image_size=self.image_size, stride=stride, position_filter=position_filter
            )
            tower = _lean(clip.visual, model_name)
            tower.set_grad_checkpointing(grad_checkpointing)
            return tower

        self.place_towers(build)
        tower = self.tower_of(0)
        self.width: int = tower.ln_post.normalized_shape[0]
        self.out_dim: int = tower.output_dim
        self.grid: tuple[int, int] = tower.grid_size
        self.place_cameras()

    def count_blocks(self, tokens: int, count: int) -> int:
        """Count the multiply-accumulates of some blocks in their usual form, for all tokens of a picture."""
        block = self.tower_of(0).transformer.resblocks[0]
        matrices = sum(parameter.numel() for parameter in block.parameters() if parameter.dim() == 2)
        return count * tokens * matrices

    def count_patches(self) -> int:
        """Count the multiply-accumulates of the patch embedding of a picture."""
        return self.grid[0] * self.grid[1] * self.tower_of(0).conv1.weight.numel()

    def embed(self, images: Tensor, camera: Tensor | None, tower: nn.Module | None = None) -> Tensor:
        """Turn (B, 3, H, W) pictures of one modality into the tokens (B, 1 + N, width) in front of the first norm."""
        tower = self.tower if tower is None else tower
        patches = tower.conv1(images).flatten(2).transpose(1, 2)  # (B, N, width)
        classes = tower.class_embedding.to(patches.dtype).expand(patches.shape[0], 1, -1)
        if camera is not None and self.camera_on == 'class':
            classes = classes + camera
        x = torch.cat([classes, patches], dim=1) + tower.positional_embedding.to(patches.dtype)
        return x + camera if camera is not None and self.camera_on == 'all' else x

    def recomputed(self, function: Callable[..., Any], *inputs: Tensor | None) -> Any:
        """Call a function, whose tensors are computed again in the backward pass where ``grad_checkpointing`` is on."""
        if self.tower_of(0).transformer.grad_checkpointing and torch.is_grad_enabled():
            return checkpoint(function, *inputs, use_reentrant=False)
        return function(*inputs)

    def encode(self, images: Tensor, camera: Tensor | None, tower: nn.Module) -> tuple[Tensor, Tensor]:
        """See :meth:`TripletBackbone.encode`."""
        x = tower.transformer(tower.ln_pre(self.embed(images, camera, tower)))
        x = tower.ln_post(x) @ tower.proj
        return x[:, 0], x[:, 1:]


def _lean(tower: nn.Module, model_name: str) -> nn.Module:
    """Return open_clip's tower with our attention and feed-forward blocks, under the same names of weights."""
    _check_tower(tower, model_name)
    for block in tower.transformer.resblocks:
        if isinstance(block.attn, nn.MultiheadAttention):  # open_clip's own variants need no help
            block.attn = SelfAttention(block.attn)
        if is_quick_gelu(block.mlp):
            block.mlp = QuickGELUMLP(block.mlp)
    return tower


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
