"""MLFN on triplets: three networks with classifiers of their own, their features side by side."""

from __future__ import annotations

from next_mm.models.conv_reid import ConvReID
from next_mm.registry import MODELS

__all__ = ['MLFNReID']


@MODELS.register_module()
class MLFNReID(ConvReID):
    """MLFN (Chang et al., CVPR 2018): :class:`MLFN`, and a classifier on its feature; no BNNeck."""
