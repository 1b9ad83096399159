"""A vision transformer of timm (the DINO family and others) as a backbone for triplets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import load_state_dict
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.models.backbones.base import TripletBackbone
from next_mm.registry import MODELS
from next_mm.utils.options import did_you_mean
from next_mm.utils.weights import refuse_unreadable

_PARTS = ('num_prefix_tokens', 'embed_dim', 'num_features', 'patch_embed', 'set_grad_checkpointing')
"""What is read of a tower."""
_WANTED = (
    'expected a vision transformer of timm with patch tokens, such as vit_base_patch16_224.dino; CNNs and hierarchical '
    'transformers have none (methods with a convolutional trunk: tools/list_methods.py)'
)


@MODELS.register_module()
class TimmVisual(TripletBackbone):
    """A vision transformer of timm in the place of CLIP's tower; captions are then projected to its width.

    Args:
        model_name: a timm model whose ``forward_features`` gives tokens (B, prefix + N, D). The first prefix token is
            the class token; where there is none the mean of the patches takes its place.
        pretrained: ``True`` downloads timm's weights, a path loads a local file, ``False`` or
            ``None`` leave them random.
        grad_checkpointing: recompute the blocks in the backward pass to save memory.
        **options: those of :class:`TripletBackbone`.

    Raises:
        ConfigError: timm has no such model, or it is no vision transformer; with ``num_cameras``, the model has no
            layer ``norm_pre`` in front of its blocks, or no class token for ``camera_on='class'``; a local file has
            not all of the weights; an option is out of range.
        CheckpointError: a local file is damaged, or could run code.
        FileNotFoundError: there is no such file.
    """

    def __init__(
        self, *, model_name: str, pretrained: bool | str | None, grad_checkpointing: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)

        def build() -> nn.Module:
            tower = _create(model_name, self.image_size, pretrained=pretrained is True)
            if isinstance(pretrained, str):
                _load_file(tower, pretrained, model_name)
            tower.set_grad_checkpointing(grad_checkpointing)
            return tower

        self.place_towers(build)
        tower = self.tower_of(0)
        self.num_prefix: int = tower.num_prefix_tokens  # class and register tokens
        self.has_class: bool = getattr(tower, 'has_class_token', self.num_prefix > 0)
        self._check_cameras(tower, model_name)
        self.width: int = tower.embed_dim
        self.out_dim: int = tower.num_features
        self.grid: tuple[int, int] = tuple(tower.patch_embed.grid_size)
        self.place_cameras()

    def _check_cameras(self, tower: nn.Module, model_name: str) -> None:
        """Refuse a camera embedding that has no place in the tower."""
        if not self.num_cameras:
            return
        if not hasattr(tower, 'norm_pre'):
            raise ConfigError(
                f'{model_name}: num_cameras={self.num_cameras}: expected a vision transformer with a layer norm_pre, '
                'where the camera is added to the tokens; use num_cameras=0'
            )
        if self.camera_on == 'class' and not self.has_class:
            raise ConfigError(f"{model_name}: camera_on='class', but it has no class token; use camera_on='all'")

    def encode(self, images: Tensor, camera: Tensor | None, tower: nn.Module) -> tuple[Tensor, Tensor]:
        """See :meth:`TripletBackbone.encode`; register tokens are left out."""
        with self._added(tower, camera) if camera is not None else nullcontext():
            x = tower.forward_features(images)
        tokens = x[:, self.num_prefix :]
        return x[:, 0] if self.has_class else tokens.mean(dim=1), tokens

    @contextmanager
    def _added(self, tower: nn.Module, camera: Tensor) -> Iterator[None]:
        """Add (B, 1, width) to the tokens in front of the blocks: timm has no argument for it, but a
        layer that all pass there."""
        count = 1 if self.camera_on == 'class' else None

        def add(module: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
            x = inputs[0]
            return (torch.cat([x[:, :count] + camera, x[:, count:]], dim=1) if count else x + camera,)

        hook = tower.norm_pre.register_forward_pre_hook(add)
        try:
            yield
        finally:
            hook.remove()


def _create(model_name: str, image_size: tuple[int, int], *, pretrained: bool) -> nn.Module:
    """Create a vision transformer of timm for pictures of one size.

    Raises:
        ConfigError: timm has no such model, or it is of another kind, such as a CNN.
    """
    place = f'TimmVisual.model_name={model_name!r}'
    if '/' not in model_name and not timm.is_model(model_name):
        raise ConfigError(f'{place}: timm has no such model{did_you_mean(model_name, timm.list_models())}')
    try:
        tower = timm.create_model(model_name, pretrained=pretrained, img_size=image_size, num_classes=0)
    except TypeError as error:
        if 'img_size' not in str(error):
            raise
        raise ConfigError(f'{place}: {_WANTED}') from error
    if not all(hasattr(tower, part) for part in _PARTS):
        raise ConfigError(f'{place}: {_WANTED}')
    return tower


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
