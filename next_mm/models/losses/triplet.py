"""Batch-hard triplet loss (Hermans et al., "In Defense of the Triplet Loss", 2017)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.registry import MODELS
from next_mm.utils.options import check_choice, check_number


def batch_hard_triplet(features: Tensor, labels: Tensor, margin: float | None) -> Tensor:
    """Mean over the anchors of the loss on the farthest same and the nearest different identity.

    Anchors without a positive or without a negative in the batch do not count; a batch without any gives zero.

    Args:
        features: (B, F) features, compared by Euclidean distance.
        labels: (B,) identity labels.
        margin: distance margin of the hinge, or ``None`` for the soft margin ``log(1 + exp(d_ap - d_an))``.

    Returns:
        Scalar loss.
    """
    distances = pairwise_distances(features)
    same = labels.unsqueeze(0) == labels.unsqueeze(1)
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    farthest = distances.masked_fill(~positive, -torch.inf).amax(dim=1)
    nearest = distances.masked_fill(same, torch.inf).amin(dim=1)
    valid = positive.any(dim=1) & ~same.all(dim=1)
    gap = torch.where(valid, farthest - nearest, 0.0)
    losses = F.softplus(gap) if margin is None else F.relu(gap + margin)
    return (losses * valid).sum() / valid.sum().clamp(min=1)


def pairwise_distances(features: Tensor) -> Tensor:
    """Euclidean distances (B, B) between the rows of (B, F); its gradient is finite where two rows are equal."""
    squares = features.square().sum(dim=1)
    squared = squares.unsqueeze(0) + squares.unsqueeze(1) - 2 * features @ features.t()
    return squared.clamp(min=1e-12).sqrt()


@MODELS.register_module()
class TripletLoss(nn.Module):
    """Batch-hard triplet loss as a loss of an :class:`~next_mm.models.heads.IdentityBranch`.

    Args:
        margin: hinge margin in units of the feature distance, or ``None`` for the soft margin.
        weight: factor on the loss.
        on: the feature before (``'feature'``) or behind BNNeck (``'normed'``).
    """

    on: str = 'feature'

    def __init__(self, *, margin: float | None = None, weight: float = 1.0, on: str = 'feature') -> None:
        super().__init__()
        check_choice('TripletLoss.on', on, ('feature', 'normed'))
        check_number('TripletLoss.weight', weight, 0)
        if margin is not None:
            check_number('TripletLoss.margin', margin, 0)
        self.on = on
        self.margin = margin
        self.weight = weight

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Loss of (B, F) features with (B,) labels."""
        return self.weight * batch_hard_triplet(features, labels, self.margin)
