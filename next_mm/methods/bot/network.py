"""The network of "Bag of Tricks": ResNet-50 without the stem's ReLU and with a denser last map, averaged."""

from __future__ import annotations

from next_mm.models.backbones import TrunkNetwork
from next_mm.registry import MODELS

__all__ = ['BoTNetwork']


@MODELS.register_module()
class BoTNetwork(TrunkNetwork):
    """Trunk and global average pooling; the feature is ``'whole'``."""
