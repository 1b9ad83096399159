"""OSNet on triplets: three networks with classifiers of their own, their features side by side."""

from __future__ import annotations

from next_mm.models.conv_reid import ConvReID
from next_mm.registry import MODELS

__all__ = ['OSNetReID']


@MODELS.register_module()
class OSNetReID(ConvReID):
    """OSNet (Zhou et al., ICCV 2019): :class:`OSNet`, and a classifier on its feature; no BNNeck."""
