"""EDITOR's own losses: background consistency (BCC) and object-centric feature refinement (OCFR)."""

from __future__ import annotations

from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ['IdentityCentres', 'background_consistency']


def background_consistency(tokens: Tensor, selected: Tensor) -> Tensor:
    """Return the sum over the pairs of modalities of the mean squared difference of their background.

    Args:
        tokens: (B, M, N, D) patch tokens.
        selected: (B, N) bool; the background is what is not selected, the mean is over all B N D elements.
    """
    background = tokens.float() * ~selected[:, None, :, None]
    pairs = combinations(background.unbind(dim=1), 2)
    return torch.stack([F.mse_loss(first, second) for first, second in pairs]).sum()


class IdentityCentres(nn.Module):
    """A centre for each identity and modality that follows the batches, and the distance to it.

    The centres are no parameters: a batch moves those of its identities, without gradient.

    Args:
        num_classes: number C of identities.
        num_modalities: number of modalities M.
        width: width D of a feature.
        share: share of the batch's mean in the new centre.
    """

    def __init__(self, num_classes: int, num_modalities: int, width: int, share: float = 0.8) -> None:
        super().__init__()
        self.share = share
        self.register_buffer('centres', torch.zeros(num_modalities, num_classes, width))

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """Move the centres, then return the sum over the modalities of the mean squared difference to them.

        Args:
            features: (B, M, D); they are normalised here.
            labels: (B,) identities.
        """
        units = F.normalize(features.float(), dim=-1).transpose(0, 1)  # (M, B, D)
        with torch.no_grad():
            identities, places = labels.unique(return_inverse=True)
            sums = units.new_zeros(len(units), len(identities), units.shape[2]).index_add(1, places, units)
            means = sums / places.bincount()[:, None]
            self.centres[:, identities] = self.share * means + (1 - self.share) * self.centres[:, identities]
        return F.mse_loss(self.centres[:, labels], units) * len(units)
