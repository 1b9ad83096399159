"""Context-Shared Structure Experts (CSSE): a soft mixture over the tokens of all modalities (Sec. III-C, Eq. 8-9)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from next_mm.methods.next.experts import ExpertSet, check_experts
from next_mm.methods.next.routing import by_modality
from next_mm.methods.next.terms import Feature, Term
from next_mm.methods.next.tmse import ROUTERS
from next_mm.registry import MODELS
from next_mm.triplet import NUM_MODALITIES
from next_mm.utils.options import check_choice


class CSSEOutput(NamedTuple):
    """The mixed feature (B, 3N, D), a sum of terms, and the experts' weights (B, 3, N, E)."""

    feature: Feature
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
        ConfigError: ``router`` is neither, or a number is out of range.
    """

    def __init__(
        self, *, dim: int, num_experts: int = 3, hidden: int | None = None, dropout: float = 0.1, router: str = 'share'
    ) -> None:
        super().__init__()
        check_choice('CSSE.router', router, ROUTERS)
        check_experts('CSSE', num_experts, hidden, dropout)
        self.experts = ExpertSet(
            num_experts=num_experts, dim=dim, hidden=dim * 3 // 2 if hidden is None else hidden, dropout=dropout
        )
        routers = NUM_MODALITIES if router == 'multi' else 1
        if num_experts == 1:
            routers = 0  # the weight of an only expert is one: there is nothing to route, and nothing to learn
        self.routes = nn.ModuleList(nn.Linear(dim, num_experts) for _ in range(routers))

    def forward(self, tokens: Tensor) -> CSSEOutput:
        """Mix the experts' outputs on (B, 3, N, D) patch tokens."""
        weights = self.route(tokens)
        return CSSEOutput(self._mix(tokens.flatten(1, 2), weights.flatten(1, 2)), weights)

    def _mix(self, tokens: Tensor, weights: Tensor) -> Feature:
        """Mix what the experts make of the tokens (B, 3N, D) by their weights (B, 3N, E)."""
        experts = self.experts
        hidden = experts(tokens)  # the weights sum to one, so the residuals of Eq. 1 add up to the tokens themselves
        if experts.drops:
            mixed = tokens
            for expert, layer in enumerate(hidden):
                mixed = torch.addcmul(mixed, weights[..., expert : expert + 1], experts.write(expert, layer))
            return [Term(mixed)]
        layers = zip(hidden, experts.second_layers(), weights.unbind(-1))
        return [Term(tokens), *(Term(layer, weight, bias, gate) for layer, (weight, bias), gate in layers)]

    def route(self, tokens: Tensor) -> Tensor:
        """Return the experts' weights (B, 3, N, E) for (B, 3, N, D) tokens, omega in the paper (Eq. 8)."""
        if not self.routes:
            return tokens.new_ones(*tokens.shape[:-1], 1)
        return by_modality(self.routes, tokens).softmax(dim=-1)
