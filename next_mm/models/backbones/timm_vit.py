"""A vision transformer of timm (the DINO family and others) as a backbone for triplets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import timm
import torch
from mmengine.model import BaseModule
from timm.models import load_state_dict
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.models.backbones.base import CameraEmbedding, VisualFeatures, encode_triplets
from next_mm.registry import MODELS
from next_mm.utils.options import check_size
from next_mm.utils.weights import refuse_unreadable


@MODELS.register_module()
class TimmVisual(BaseModule):
    """A vision transformer of timm in the place of CLIP's tower; captions are then projected to its width.

    Args:
        model_name: a timm model whose ``forward_features`` gives (B, prefix + N, D) tokens with a class token first.
        pretrained: ``True`` downloads timm's weights, a path loads a local file, ``False`` leaves them random.
        image_size: picture height and width in pixels, multiples of the patch size.
        passes: ``'separate'`` or ``'joint'``, as in :class:`CLIPVisual`.
        grad_checkpointing: recompute the blocks in the backward pass to save memory.
        num_cameras: as in :class:`CLIPVisual`.

    Raises:
        ConfigError: the model has no class token, or, with ``num_cameras``, no layer ``norm_pre`` in front of its
            blocks; a local file has not all of its weights; or, in a forward pass, the pictures have another size.
        CheckpointError: a local file is damaged, or could run code.
        FileNotFoundError: there is no such file.
    """

    def __init__(
        self,
        *,
        model_name: str,
        pretrained: bool | str,
        image_size: tuple[int, int],
        passes: str = 'separate',
        grad_checkpointing: bool = False,
        num_cameras: int = 0,
    ) -> None:
        super().__init__()
        check_size('TimmVisual.image_size', image_size)
        self.tower = timm.create_model(
            model_name, pretrained=pretrained is True, img_size=tuple(image_size), num_classes=0
        )
        if isinstance(pretrained, str):
            _load_file(self.tower, pretrained, model_name)
        if not getattr(self.tower, 'num_prefix_tokens', 0):
            raise ConfigError(
                f'{model_name}: expected a vision transformer with a class token, its num_prefix_tokens is 0'
            )
        if num_cameras and not hasattr(self.tower, 'norm_pre'):
            raise ConfigError(
                f'{model_name}: num_cameras={num_cameras}: expected a vision transformer with a layer norm_pre, '
                'where the camera is added to the tokens; use num_cameras=0'
            )
        self.tower.set_grad_checkpointing(grad_checkpointing)
        self.passes = passes
        self.reads_cameras = num_cameras > 0
        self.image_size = (image_size[0], image_size[1])
        self.out_dim: int = self.tower.num_features
        self.grid: tuple[int, int] = tuple(self.tower.patch_embed.grid_size)
        self.camera_embedding = CameraEmbedding(num_cameras, self.tower.embed_dim) if num_cameras else None

    def forward(self, images: Tensor, cameras: Tensor | None = None) -> VisualFeatures:
        """Encode (B, 3, 3, H, W) pictures; ``cameras`` (B,) is read only with a camera embedding."""
        extra = self.camera_embedding(cameras) if self.camera_embedding is not None else None
        return encode_triplets(self._encode, images, extra, self.passes, self.image_size)

    def _encode(self, images: Tensor, extra: Tensor | None) -> Tensor:
        """Encode (B, 3, H, W) pictures of one modality to (B, 1 + N, D) tokens, the class token first."""
        with _added(self.tower, extra) if extra is not None else nullcontext():
            x = self.tower.forward_features(images)
        return torch.cat([x[:, :1], x[:, self.tower.num_prefix_tokens :]], dim=1)  # register tokens are left out


def _load_file(tower: nn.Module, file: str, model_name: str) -> None:
    """Load a local weights file as timm does, but refuse one that leaves weights as they were."""
    if not Path(file).is_file():
        raise FileNotFoundError(f'pretrained={file!r}: no such file')
    if file.endswith('.npz'):  # Google's own archives, for which the towers have a loader of theirs
        tower.load_pretrained(file)
        return
    with refuse_unreadable(file):
        state = load_state_dict(file, weights_only=True)
    convert = getattr(
        sys.modules[type(tower).__module__], 'checkpoint_filter_fn', None
    )  # from other projects' names and grids
    try:
        missing = tower.load_state_dict(convert(state, tower) if convert else state, strict=False).missing_keys
    except (RuntimeError, LookupError, AttributeError) as error:
        raise ConfigError(f'{file}: its weights do not fit the model {model_name}: {error}') from error
    if missing:
        raise ConfigError(
            f'{file}: its weights do not fit the model {model_name}: {len(missing)} of {len(tower.state_dict())} '
            f'are not in it, e.g. {", ".join(missing[:3])}'
        )


@contextmanager
def _added(tower: nn.Module, extra: Tensor) -> Iterator[None]:
    """Add (B, 1, width) to the tokens in front of the blocks: timm has no argument for it, but a layer
    that all tokens pass there."""
    hook = tower.norm_pre.register_forward_pre_hook(lambda module, inputs: (inputs[0] + extra,))
    try:
        yield
    finally:
        hook.remove()
