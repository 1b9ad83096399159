"""Build a loss from its config; one that keeps something for each identity learns its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from next_mm.registry import MODELS

__all__ = ['build_loss']


def build_loss(config: Mapping[str, Any], feature_dim: int, num_classes: int) -> nn.Module:
    """Build a loss.

    Args:
        config: config of the loss.
        feature_dim: width F of the feature that it reads; given to a class whose ``per_identity`` is true.
        num_classes: number of identities, likewise.
    """
    options = dict(config)
    if getattr(MODELS.get(options.get('type')), 'per_identity', False):
        options |= dict(feature_dim=feature_dim, num_classes=num_classes)
    return MODELS.build(options)
