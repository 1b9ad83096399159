"""Cross entropy over identities."""

from __future__ import annotations

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.registry import MODELS
from next_mm.utils.options import check_number


@MODELS.register_module()
class CrossEntropy(nn.Module):
    """Cross entropy with label smoothing, as a loss of an :class:`~next_mm.models.heads.IdentityBranch`.

    Args:
        label_smoothing: share of the target that is spread over all identities, 0 to 1.
        weight: factor on the loss.

    Raises:
        ConfigError: ``label_smoothing`` is out of range.
    """

    on: ClassVar[str] = 'logits'

    def __init__(self, *, label_smoothing: float = 0.0, weight: float = 1.0) -> None:
        super().__init__()
        check_number('CrossEntropy.label_smoothing', label_smoothing, 0, 1, below=True)
        check_number('CrossEntropy.weight', weight, 0)
        self.label_smoothing = label_smoothing
        self.weight = weight

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of (B, C) logits with (B,) labels, a scalar."""
        return self.weight * F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
