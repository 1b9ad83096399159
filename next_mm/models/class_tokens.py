"""The class tokens of the three modalities as identity features: together, and one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from next_mm.triplet import MODALITIES, NUM_MODALITIES

__all__ = ['CLASS_TOKEN_PARTS', 'class_token_features', 'class_token_widths']

CLASS_TOKEN_PARTS: Mapping[str, Sequence[int | None]] = {
    'classes': range(NUM_MODALITIES),
    **{name: (m,) for m, name in enumerate(MODALITIES)},
}
"""The modalities that the features belong to, see ``ReIDModel.feature_parts``."""


def class_token_widths(dim: int) -> dict[str, int]:
    """Return the features' widths for tokens of width ``dim``."""
    return {'classes': NUM_MODALITIES * dim, **dict.fromkeys(MODALITIES, dim)}


def class_token_features(classes: Tensor) -> dict[str, Tensor]:
    """Return class tokens (B, 3, D) as ``'classes'`` (B, 3D) and ``'rgb'``, ``'nir'``, ``'tir'`` (B, D)."""
    return {'classes': classes.flatten(1), **dict(zip(MODALITIES, classes.unbind(dim=1)))}
