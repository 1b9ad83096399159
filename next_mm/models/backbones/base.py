"""What every backbone gives, and the pass over the three modalities that every backbone makes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.triplet import MODALITIES, NUM_MODALITIES
from next_mm.utils.options import check_choice, check_integer, check_number, check_size


class VisualFeatures(NamedTuple):
    """A batch's class tokens (B, 3, D) and patch tokens (B, 3, N, D)."""

    classes: Tensor
    tokens: Tensor


class TripletBackbone(BaseModule):
    """Base of the backbones that take whole triplets; a subclass encodes one modality.

    A subclass calls :meth:`place_towers`, sets ``out_dim``, ``width`` and ``grid``, calls :meth:`place_cameras`, and
    implements :meth:`encode`.

    Args:
        image_size: picture height and width in pixels.
        towers: one tower ``'shared'`` by the modalities, or a ``'separate'`` one for each.
        batch_modalities: encode all modalities in one pass instead of one after the other; the numbers are the same,
            which is faster depends on the device (docs/performance.md).
        num_cameras: with a number, a learned embedding of the camera is added to the tokens (as
            in TransReID); 0 is off.
        first_camera: number of the first camera, ``None`` for 0 or 1.
        camera_on: the camera is added to ``'all'`` tokens or to the ``'class'`` token alone.
        camera_scale: factor on the embedding, lambda in TransReID.

    Attributes:
        out_dim: width D of what comes out.
        width: width of the tokens inside, where the camera is added.
        grid: rows and columns of the patches.
        reads_cameras: whether there is a camera embedding.

    Raises:
        ConfigError: an option is out of range; in a forward pass, the pictures have another size.
    """

    out_dim: int
    width: int
    grid: tuple[int, int]

    def __init__(
        self,
        *,
        image_size: tuple[int, int],
        towers: Literal['shared', 'separate'] = 'shared',
        batch_modalities: bool = False,
        num_cameras: int = 0,
        first_camera: int | None = None,
        camera_on: Literal['all', 'class'] = 'all',
        camera_scale: float = 1.0,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        check_size(f'{name}.image_size', image_size)
        check_choice(f'{name}.towers', towers, ('shared', 'separate'))
        check_integer(f'{name}.num_cameras', num_cameras, 0)
        check_choice(f'{name}.camera_on', camera_on, ('all', 'class'))
        check_number(f'{name}.camera_scale', camera_scale, 0, above=True)
        if batch_modalities and towers == 'separate':
            raise ConfigError(
                f"{name}: batch_modalities=True encodes all modalities by one tower, but towers='separate'"
            )
        self.image_size = (image_size[0], image_size[1])
        self.shares_tower = towers == 'shared'
        self.batch_modalities = batch_modalities
        self.num_cameras = num_cameras
        self.first_camera = first_camera
        self.camera_on = camera_on
        self.camera_scale = camera_scale
        self.reads_cameras = num_cameras > 0
        self.camera_embedding: CameraEmbedding | None = None

    def place_towers(self, build: Callable[[], nn.Module]) -> None:
        """Make ``tower``, or ``towers`` with one for each modality.

        Args:
            build: makes a tower.
        """
        if self.shares_tower:
            self.tower = build()
        else:
            self.towers = nn.ModuleDict({modality: build() for modality in MODALITIES})

    def place_cameras(self) -> None:
        """Make the camera embedding at the width of the tokens, where there are cameras.

        Raises:
            ConfigError: the pictures have no room for a patch.
        """
        if not all(self.grid):
            raise ConfigError(f'{type(self).__name__}.image_size={self.image_size}: smaller than a patch')
        if self.num_cameras:
            self.camera_embedding = CameraEmbedding(self.num_cameras, self.width, self.first_camera)

    def tower_of(self, modality: int) -> nn.Module:
        """Return the tower of a modality by its index."""
        return self.tower if self.shares_tower else self.towers[MODALITIES[modality]]

    @abstractmethod
    def encode(self, images: Tensor, camera: Tensor | None, tower: nn.Module) -> tuple[Tensor, Tensor]:
        """Encode pictures of one modality to class tokens (B, D) and patch tokens (B, N, D).

        A tower without a class token pools the patches.

        Args:
            images: (B, 3, H, W).
            camera: (B, 1, width) to add to the tokens, see ``camera_on``; ``None`` without a camera embedding.
            tower: of the modality.
        """

    def forward(self, images: Tensor, cameras: Tensor | None = None) -> VisualFeatures:
        """Encode pictures (B, 3, 3, H, W); ``cameras`` (B,) is read only with a camera embedding."""
        check_pictures(images, self.image_size)
        camera = self.embed_cameras(cameras)
        if self.batch_modalities:
            repeated = None if camera is None else camera.repeat_interleave(NUM_MODALITIES, dim=0)
            encoded = self.encode(images.flatten(0, 1), repeated, self.tower)
            return VisualFeatures(*(part.unflatten(0, (-1, NUM_MODALITIES)) for part in encoded))
        parts = [self.encode(images[:, m], camera, self.tower_of(m)) for m in range(NUM_MODALITIES)]
        classes, tokens = zip(*parts)
        return VisualFeatures(torch.stack(classes, dim=1), torch.stack(tokens, dim=1))

    def require_shared_tower(self) -> None:
        """Refuse a tower for each modality, where a backbone runs the modalities side by side.

        Raises:
            ConfigError: ``towers`` is ``'separate'``.
        """
        if not self.shares_tower:
            raise ConfigError(f"{type(self).__name__}.towers='separate': its modalities share one tower")

    def embed_cameras(self, cameras: Tensor | None) -> Tensor | None:
        """Map (B,) camera numbers to (B, 1, width), scaled, or ``None`` without a camera embedding."""
        if self.camera_embedding is None:
            return None
        embedded = self.camera_embedding(cameras)
        return embedded if self.camera_scale == 1 else self.camera_scale * embedded


def check_pictures(images: Tensor, image_size: tuple[int, int]) -> None:
    """Refuse what is no batch of triplets (B, 3, 3, H, W) of the size (H, W) that the backbone was built for.

    Raises:
        ConfigError: the pictures have another size.
        ValueError: the pictures have another shape.
    """
    if images.dim() != 5 or images.shape[1] != NUM_MODALITIES:
        raise ValueError(f'expected pictures of shape (B, {NUM_MODALITIES}, 3, H, W), got {tuple(images.shape)}')
    if tuple(images.shape[3:]) != image_size:
        raise ConfigError(
            f'the pictures have (height, width) = {tuple(images.shape[3:])}, but model.backbone.image_size is '
            f'{image_size}: give ResizeTriplet.size in every pipeline and image_size the same values'
        )


def zero_absent(images: Tensor, present: Tensor | None) -> Tensor:
    """Put zeros, mid-grey after normalisation, in the place of the absent pictures of (B, 3, 3, H, W).

    Args:
        images: the normalised pictures.
        present: (B, 3) bool, or ``None`` where all are there.
    """
    return images if present is None else images.masked_fill(~present[:, :, None, None, None], 0)


class CameraEmbedding(nn.Module):
    """A learned embedding of the camera (TransReID, He et al., ICCV 2021); unknown cameras add nothing.

    ``first_camera`` and ``last_camera`` say which cameras it knows: training data may have no others.

    Args:
        num_cameras: number of cameras; others count as unknown.
        width: width of the tokens.
        first_camera: number of the first camera; ``None`` takes numbers from 0 as well as from 1, at the price of one
            more row.
    """

    rows_option = 'num_cameras'
    """The option that decides the number of rows, for messages about a checkpoint that has others."""

    def __init__(self, num_cameras: int, width: int, first_camera: int | None = None) -> None:
        super().__init__()
        self.first_camera = first_camera or 0
        self.last_camera = num_cameras if first_camera is None else first_camera + num_cameras - 1
        self.weight = nn.Parameter(torch.empty(self.last_camera - self.first_camera + 1, width))
        nn.init.trunc_normal_(self.weight, std=0.02)

    def forward(self, cameras: Tensor | None) -> Tensor:
        """Map (B,) camera numbers to (B, 1, width)."""
        if cameras is None:
            raise ValueError('the camera embedding needs the camera of each sample, got none')
        known = ((cameras >= self.first_camera) & (cameras <= self.last_camera)).unsqueeze(1)
        rows = self.weight[cameras.clamp(self.first_camera, self.last_camera) - self.first_camera]
        return (rows * known).unsqueeze(1)
