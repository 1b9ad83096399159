"""PFD's matching of parts with joints (PFA) and with views (PVM), and what is done with the joints that the
pose network is sure of."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from next_mm.models.layers import order_selected

__all__ = ['align_parts', 'match_views', 'most_similar', 'push_loss', 'split_by_joint']


def most_similar(queries: Tensor, candidates: Tensor) -> Tensor:
    """Return for each of (B, J, D) the index (B, J) of the candidate (B, K, D) with the greatest cosine, the
    lowest of equal ones."""
    cosines = F.normalize(queries, dim=2) @ F.normalize(candidates, dim=2).transpose(1, 2)
    return cosines.max(dim=2).indices


def align_parts(parts: Tensor, joints: Tensor) -> Tensor:
    """Add to each part (B, J, D) the most similar of the parts weighted by their joints' embeddings (B, J, D)."""
    weighted = parts * joints
    return parts + _take(weighted, most_similar(parts, weighted))


def match_views(parts: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
    """Add to each view (B, J, D) a part (B, J, D): at place j the part whose number is that of
    the view most similar to part j.

    An index found among views is used among parts, as in the authors' code.

    Returns:
        The sums (B, J, D) and the indices (B, J).
    """
    index = most_similar(parts, views)
    return _take(parts, index) + views, index


def split_by_joint(matched: Tensor, sure: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Split matched views by whether their joint was seen.

    Args:
        matched: (B, J, D).
        sure: (B, J) bool.

    Returns:
        The mean (B, D) of the sure ones, or of all where there is none; the mean of the others, or zero; and the sure
        ones in their order, then zeros (B, J, D), where there is none the mean of all in the first place.
    """
    count = sure.sum(dim=1, keepdim=True)
    everything = matched.mean(dim=1)
    sure_sum = (matched * sure.unsqueeze(2)).sum(dim=1)
    sure_mean = torch.where(count > 0, sure_sum / count.clamp(min=1), everything)
    others = (matched * ~sure.unsqueeze(2)).sum(dim=1) / (sure.shape[1] - count).clamp(min=1)
    ordered = _take(matched * sure.unsqueeze(2), order_selected(sure))
    first = torch.where(count > 0, ordered[:, 0], everything)
    return sure_mean, others, torch.cat([first.unsqueeze(1), ordered[:, 1:]], dim=1)


def push_loss(seen: Tensor, unseen: Tensor, *, push: bool) -> Tensor:
    """Return the mean of ``(1 + cos) / 2`` between the seen and the unseen view (B, D), which drives them apart.

    Args:
        seen: (B, D).
        unseen: (B, D).
        push: ``False`` is ``(1 - cos) / 2``, the authors' sign, which draws them together.
    """
    cosine = F.cosine_similarity(seen.float(), unseen.float())
    return ((1 + cosine if push else 1 - cosine) / 2).mean()


def _take(rows: Tensor, index: Tensor) -> Tensor:
    """Rows (B, J, D) by an index (B, K)."""
    return rows.gather(1, index.unsqueeze(2).expand(-1, -1, rows.shape[2]))
