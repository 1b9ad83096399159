"""A vision transformer of timm (the DINO family and others) as a backbone for triplets."""
from __future__ import annotations

import timm
import torch
from mmengine.model import BaseModule
from torch import Tensor

from next_mm.models.backbones.features import VisualFeatures, encode_triplets
from next_mm.registry import MODELS


@MODELS.register_module()
class TimmVisual(BaseModule):
    """A vision transformer of timm in the place of CLIP's tower; captions are then projected to its width.

    Args:
        model_name: a timm model whose ``forward_features`` gives (B, prefix + N, D) tokens with a class token first.
        pretrained: ``True`` downloads timm's weights, a path loads a local file, ``False`` leaves them random.
        image_size: picture height and width in pixels, multiples of the patch size.
        passes: ``'separate'`` or ``'joint'``, as in :class:`CLIPVisual`.
        grad_checkpointing: recompute the blocks in the backward pass to save memory.

    Raises:
        ValueError: the model has no class token.
    """

    def __init__(self,
                 *,
                 model_name: str,
                 pretrained: bool | str,
                 image_size: tuple[int, int],
                 passes: str = 'separate',
                 grad_checkpointing: bool = False) -> None:
        super().__init__()
        file = pretrained if isinstance(pretrained, str) else None
        self.tower = timm.create_model(
            model_name,
            pretrained=bool(pretrained),
            pretrained_cfg_overlay={'file': file} if file else None,
            img_size=tuple(image_size),
            num_classes=0)
        if not getattr(self.tower, 'num_prefix_tokens', 0):
            raise ValueError(f'{model_name}: expected a vision transformer with a class token, its num_prefix_tokens is 0')
        self.tower.set_grad_checkpointing(grad_checkpointing)
        self.passes = passes
        self.out_dim: int = self.tower.num_features
        self.grid: tuple[int, int] = tuple(self.tower.patch_embed.grid_size)

    def forward(self, images: Tensor, cameras: Tensor | None = None) -> VisualFeatures:
        """Encode (B, 3, 3, H, W) pictures; cameras are not used."""
        return encode_triplets(self._encode, images, None, self.passes)

    def _encode(self, images: Tensor, extra: Tensor | None) -> Tensor:
        x = self.tower.forward_features(images)
        return torch.cat([x[:, :1], x[:, self.tower.num_prefix_tokens:]], dim=1)  # register tokens are left out
