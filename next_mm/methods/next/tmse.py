"""Text-Modulated Semantic Experts (TMSE): each expert samples the tokens that its captions point at
(Sec. III-B, Eq. 1-7)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.methods.next.experts import ExpertSet, check_experts
from next_mm.methods.next.routing import (
    Router,
    TextModulator,
    by_modality,
    sample_tokens,
    sample_top_tokens,
    text_similarity,
)
from next_mm.methods.next.terms import Feature, Term
from next_mm.registry import MODELS
from next_mm.triplet import NUM_MODALITIES
from next_mm.utils.options import check_choice, check_integer, check_number

SAMPLINGS = ('dynamic', 'fixed', 'topk', 'all')
ROUTERS = ('multi', 'share')


class TMSEOutput(NamedTuple):
    """The experts' features, E of (B, 3N, D) as sums of terms, and their sampling masks (E, B, 3, N)."""

    features: list[Feature]
    masks: Tensor


@MODELS.register_module()
class TMSE(BaseModule):
    """Text-Modulated Semantic Experts.

    Args:
        dim: token width D.
        text_dim: width of the caption features; ``None`` routes by the pictures alone (Table VIII, without text).
            Captions of another width than the tokens are projected to it.
        num_experts: number of experts N_T.
        hidden: width of an expert's hidden layer; ``None`` is 3/2 D.
        dropout: drop rate of an expert.
        sampling: Table VI: ``'dynamic'`` threshold from the class token, ``'fixed'`` threshold, ``'topk'``
            share, or ``'all'`` tokens.
        router: Table VII: ``'multi'`` for one router a modality, ``'share'`` for one for all.
        fixed_threshold: the threshold of ``sampling='fixed'``.
        top_share: the share of ``sampling='topk'``.
        text_gain: how strongly captions route before training, see :class:`TextModulator`;
            without text it does nothing.

    Raises:
        ConfigError: an option is none of those listed or out of range.
    """

    def __init__(
        self,
        *,
        dim: int,
        text_dim: int | None = None,
        num_experts: int = 3,
        hidden: int | None = None,
        dropout: float = 0.1,
        sampling: str = 'dynamic',
        router: str = 'multi',
        fixed_threshold: float = 0.0,
        top_share: float = 0.5,
        text_gain: float | None = None,
    ) -> None:
        super().__init__()
        check_choice('TMSE.sampling', sampling, SAMPLINGS)
        check_choice('TMSE.router', router, ROUTERS)
        check_experts('TMSE', num_experts, hidden, dropout)
        check_number('TMSE.fixed_threshold', fixed_threshold, float('-inf'))
        check_number('TMSE.top_share', top_share, 0, 1, above=True)
        if text_dim is not None:
            check_integer('TMSE.text_dim', text_dim, 1)
        if text_gain is not None:
            check_number('TMSE.text_gain', text_gain, 0, above=True)
        self.num_experts = num_experts
        self.sampling = sampling
        self.fixed_threshold = fixed_threshold
        self.top_share = top_share
        self.experts = ExpertSet(
            num_experts=num_experts, dim=dim, hidden=dim * 3 // 2 if hidden is None else hidden, dropout=dropout
        )
        if sampling == 'all':
            return  # nothing is routed, so there is nothing to learn
        routers = NUM_MODALITIES if router == 'multi' else 1
        self.routes = nn.ModuleList(Router(dim, num_experts) for _ in range(routers))
        if sampling == 'dynamic':
            self.thresholds = nn.ModuleList(Router(dim, num_experts) for _ in range(routers))
        self.text_proj = nn.Linear(text_dim, dim) if text_dim not in (None, dim) else nn.Identity()
        self.modulator = (
            None
            if text_dim is None
            else TextModulator(num_experts=num_experts, num_routers=routers, hidden=dim // 2, gain=text_gain)
        )

    def forward(
        self,
        classes: Tensor,
        tokens: Tensor,
        text: Tensor | None = None,
        present: Tensor | None = None,
        has_text: Tensor | None = None,
    ) -> TMSEOutput:
        """Sample and transform the tokens for each expert.

        Args:
            classes: (B, 3, D) class tokens.
            tokens: (B, 3, N, D) patch tokens.
            text: (B, S, 3, D_text) caption features; S is 1 (all experts read the whole caption) or N_T.
            present: (B, 3) bool, which modalities exist; ``None`` is all.
            has_text: (B, 3) bool, which modalities have a caption; ``None`` is all.
        """
        masks = self.sample(classes, tokens, text, has_text)
        if present is not None:
            masks = masks * present[None, :, :, None]
        return TMSEOutput(self._features(tokens.flatten(1, 2), masks.flatten(2)), masks)

    def _features(self, tokens: Tensor, masks: Tensor) -> list[Feature]:
        """Return what each expert makes of the tokens (B, 3N, D) that its mask, of (E, B, 3N), samples (Eq. 7)."""
        experts = self.experts
        hidden = experts(tokens, masks)
        if experts.drops:
            outputs = [experts.write(expert, layer) for expert, layer in enumerate(hidden)]
            return [[Term(mask.unsqueeze(-1) * (out + tokens))] for mask, out in zip(masks, outputs)]
        return [
            [Term(tokens, gate=mask), Term(layer, weight, bias, mask)]
            for mask, layer, (weight, bias) in zip(masks, hidden, experts.second_layers())
        ]

    def sample(self, classes: Tensor, tokens: Tensor, text: Tensor | None, has_text: Tensor | None) -> Tensor:
        """Return the sampling masks (N_T, B, 3, N); arguments as in :meth:`forward`."""
        if self.sampling == 'all':
            batch, modalities, count, _ = tokens.shape
            return tokens.new_ones(self.num_experts, batch, modalities, count)
        route = by_modality(self.routes, tokens).movedim(-1, 0)  # alpha: (N_T, B, 3, N)
        if self.modulator is not None:
            route = self.modulator(route, self._beta(tokens, text, has_text))  # gamma
        if self.sampling == 'topk':
            return sample_top_tokens(route, self.top_share)
        if self.sampling == 'fixed':
            return sample_tokens(route, torch.full_like(route[..., :1], self.fixed_threshold))
        threshold = by_modality(self.thresholds, classes.unsqueeze(2)).movedim(-1, 0)  # sigma: (N_T, B, 3, 1)
        return sample_tokens(route, threshold)

    def _beta(self, tokens: Tensor, text: Tensor | None, has_text: Tensor | None) -> Tensor:
        """Similarity of each expert's caption subset with the tokens, (N_T, B, 3, N); zero
        where there is no caption."""
        batch, modalities, count, _ = tokens.shape
        if text is None:
            return tokens.new_zeros(self.num_experts, batch, modalities, count)
        if text.shape[1] not in (1, self.num_experts):
            raise ConfigError(
                f'TMSE has {self.num_experts} experts and reads 1 or {self.num_experts} caption subsets a sample, got '
                f'{text.shape[1]}; set SampleSentences.num_subsets to the number of semantic experts'
            )
        beta = text_similarity(self.text_proj(text), tokens)
        if has_text is not None:
            beta = beta * has_text[None, :, :, None]
        return beta.expand(self.num_experts, -1, -1, -1)
