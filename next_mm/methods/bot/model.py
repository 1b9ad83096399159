"""BoT on triplets: three networks of "Bag of Tricks", each with a BNNeck of its own, their features side by side."""

from __future__ import annotations

from next_mm.models.conv_reid import ConvReID
from next_mm.registry import MODELS

__all__ = ['BoTReID']


@MODELS.register_module()
class BoTReID(ConvReID):
    """Bag of Tricks (Luo et al., CVPRW 2019): :class:`BoTNetwork`, BNNeck, and the feature behind it in a test."""
