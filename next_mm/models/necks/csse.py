"""Context-Shared Structure Experts (CSSE): a soft mixture over the tokens of all modalities (Sec. III-C, Eq. 8-9)."""
from __future__ import annotations

from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from next_mm.models.necks.experts import ExpertSet
from next_mm.models.necks.tmse import ROUTERS, check_choice
from next_mm.registry import MODELS
from next_mm.structures import NUM_MODALITIES


class CSSEOutput(NamedTuple):
    """The mixed features (B, 3N, D) and the experts' weights (B, 3, N, E)."""

    features: Tensor
    weights: Tensor


@MODELS.register_module()
class CSSE(BaseModule):
    """Context-Shared Structure Experts.

    Args:
        dim: token width D.
        num_experts: number of experts N_C.
        hidden: width of an expert's hidden layer; ``None`` is 3/2 D.
        dropout: drop rate of an expert.
        router: Table VII: ``'share'`` for one router for the three modalities, ``'multi'`` for one each.

    Raises:
        ValueError: ``router`` is neither.
    """

    def __init__(self,
                 *,
                 dim: int,
                 num_experts: int = 3,
                 hidden: int | None = None,
                 dropout: float = 0.1,
                 router: str = 'share') -> None:
        super().__init__()
        check_choice('CSSE.router', router, ROUTERS)
        self.experts = ExpertSet(num_experts=num_experts, dim=dim, hidden=hidden or dim * 3 // 2, dropout=dropout)
        self.routes = nn.ModuleList(nn.Linear(dim, num_experts) for _ in range(NUM_MODALITIES if router == 'multi' else 1))

    def forward(self, tokens: Tensor) -> CSSEOutput:
        """Mix the experts' outputs on (B, 3, N, D) patch tokens."""
        if len(self.routes) == 1:
            logits = self.routes[0](tokens)
        else:
            logits = torch.stack([route(tokens[:, m]) for m, route in enumerate(self.routes)], dim=1)
        weights = logits.softmax(dim=-1)  # omega, Eq. 8
        mixed = tokens  # the weights sum to one, so the residuals of Eq. 1 add up to the tokens themselves
        for weight, out in zip(weights.unsqueeze(-2).unbind(-1), self.experts(tokens)):
            mixed = mixed + weight * out
        return CSSEOutput(mixed.flatten(1, 2), weights)
