"""AGW on triplets: three networks, each with a BNNeck of its own, their features side by side."""

from __future__ import annotations

from next_mm.models.conv_reid import ConvReID
from next_mm.registry import MODELS

__all__ = ['AGWReID']


@MODELS.register_module()
class AGWReID(ConvReID):
    """AGW (Ye et al., TPAMI 2021): :class:`AGWNetwork`, BNNeck and the feature behind it in a test."""
