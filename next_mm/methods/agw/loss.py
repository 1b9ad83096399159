"""The weighted regularised triplet loss of AGW (Ye et al., TPAMI 2021): every pair counts, by how hard it is."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.models.losses.triplet import pairwise_distances
from next_mm.registry import MODELS
from next_mm.utils.options import check_number

__all__ = ['WeightedTripletLoss', 'weighted_gaps']


def weighted_gaps(features: Tensor, labels: Tensor, *, stable: bool) -> tuple[Tensor, Tensor]:
    """Average the distances of each anchor to its own identity, weighing far ones, and to the
    others, weighing near ones.

    Args:
        features: (B, F), compared by Euclidean distance.
        labels: (B,) identity labels; an anchor counts as one of its own identity.
        stable: whether the weights of the others are a plain softmax. Otherwise, as in the authors' code, they vanish
            where all others are farther than about 14.

    Returns:
        (B,) distances to the own identity, (B,) to the others.
    """
    distances = pairwise_distances(features)
    same = labels.unsqueeze(0) == labels.unsqueeze(1)
    far = (_weights(distances, same) * distances).sum(dim=1)
    if stable:
        others = (-distances).masked_fill(same, -torch.inf).softmax(dim=1).nan_to_num(0.0)  # a batch of one identity
    else:
        others = _weights(-distances, ~same)
    return far, (others * distances).sum(dim=1)


def _weights(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the marked entries of each row, as the authors write it: zeros elsewhere count in the maximum."""
    top = (scores * mask).amax(dim=1, keepdim=True)
    raised = (scores - top).exp() * mask
    return raised / (raised.sum(dim=1, keepdim=True) + 1e-6)


@MODELS.register_module()
class WeightedTripletLoss(nn.Module):
    """Weighted regularised triplet loss, as a loss of an :class:`~next_mm.models.heads.IdentityBranch`.

    Args:
        stable: see :func:`weighted_gaps`.
        weight: factor on the loss.
    """

    on: ClassVar[str] = 'feature'

    def __init__(self, *, stable: bool = False, weight: float = 1.0) -> None:
        super().__init__()
        check_number('WeightedTripletLoss.weight', weight, 0)
        self.stable = stable
        self.weight = weight

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of (B, F) features with (B,) labels."""
        far, near = weighted_gaps(features, labels, stable=self.stable)
        return self.weight * F.softplus(far - near).mean()
