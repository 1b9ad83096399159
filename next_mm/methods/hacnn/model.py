"""HACNN on triplets: three networks, each with a classifier on its global and one on its local feature."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from next_mm.models.conv_reid import ConvReID
from next_mm.registry import MODELS

__all__ = ['HACNNReID']


@MODELS.register_module()
class HACNNReID(ConvReID):
    """HACNN (Li et al., CVPR 2018): :class:`HACNN`; in a test each of its features has length one."""

    def test_feature(self, features: Mapping[str, Tensor]) -> Tensor:
        """Return the features (B, F) of length one, side by side; one that is zero throughout stays zero."""
        return torch.cat([F.normalize(features[name], dim=1) for name in self.test_features], dim=1)
