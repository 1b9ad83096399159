"""FACENet's consistency between the scores of two modalities."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ['score_consistency']


def score_consistency(first: Tensor, second: Tensor) -> Tensor:
    """Return the lesser of the two KL divergences between the softmax of two scores (B, C), averaged
    over all B C elements."""
    first, second = (F.log_softmax(scores.float(), dim=1) for scores in (first, second))
    gap = first - second
    return torch.minimum((first.exp() * gap).mean(), -(second.exp() * gap).mean())
