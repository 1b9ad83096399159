"""What every backbone gives, and the pass over the three modalities that every backbone makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.triplet import NUM_MODALITIES


class VisualFeatures(NamedTuple):
    """A batch's class tokens (B, 3, D) and patch tokens (B, 3, N, D)."""

    classes: Tensor
    tokens: Tensor


def encode_triplets(
    encode: Callable[[Tensor, Tensor | None], Tensor],
    images: Tensor,
    extra: Tensor | None,
    passes: str,
    image_size: tuple[int, int],
) -> VisualFeatures:
    """Encode (B, 3, 3, H, W) triplets with ``encode``, in one pass or in three.

    Args:
        encode: maps (B, 3, H, W) pictures and an optional (B, 1, width) addition to (B, 1 + N, D) tokens, the class
            token first.
        images: (B, 3 modalities, 3 channels, H, W).
        extra: (B, 1, width) added to each modality's input tokens, or ``None``.
        passes: ``'separate'`` or ``'joint'``.
        image_size: (H, W) that the position embedding was made for; transposed pictures would have as many patches.

    Raises:
        ConfigError: ``passes`` is neither, or the pictures have another size.
        ValueError: the pictures have another shape.
    """
    check_pictures(images, image_size)
    if passes == 'separate':
        x = torch.stack([encode(images[:, m], extra) for m in range(NUM_MODALITIES)], dim=1)  # (B, 3, 1 + N, D)
    elif passes == 'joint':
        repeated = None if extra is None else extra.repeat_interleave(NUM_MODALITIES, dim=0)
        x = encode(images.flatten(0, 1), repeated).unflatten(0, (-1, NUM_MODALITIES))
    else:
        raise ConfigError(f"passes={passes!r}: expected 'separate' or 'joint'")
    return VisualFeatures(x[:, :, 0], x[:, :, 1:])


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

    Args:
        num_cameras: number of cameras; others count as unknown.
        width: width of the tokens.
        first_camera: number of the first camera; ``None`` takes numbers from 0 as well as from 1, at the price of one
            more row.
    """

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
