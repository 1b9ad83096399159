"""The neck: semantic and structure experts side by side, or neither (Table IV)."""

from __future__ import annotations

from typing import Any, NamedTuple

from mmengine.model import BaseModule
from torch import Tensor

from next_mm.methods.next.terms import Feature, Term
from next_mm.models.backbones.base import VisualFeatures
from next_mm.registry import MODELS


class ExpertFeatures(NamedTuple):
    """What the neck hands to the head: features (B, 3N, D), one a semantic expert and one of the structure experts."""

    features: list[Feature]


@MODELS.register_module()
class MultiGrainedExperts(BaseModule):
    """TMSE and CSSE over the same tokens.

    With neither, the head gets the concatenated tokens as they are: the "unified expert" of Table IV (b).

    Args:
        dim: token width D; given by the model from its backbone.
        text_dim: width of the caption features, ``None`` without text; given by the model from its text encoder.
        semantic: config of :class:`TMSE`, or ``None``.
        structure: config of :class:`CSSE`, or ``None``.
    """

    def __init__(
        self,
        *,
        dim: int,
        text_dim: int | None,
        semantic: dict[str, Any] | None = None,
        structure: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.semantic = MODELS.build({'dim': dim, 'text_dim': text_dim, **semantic}) if semantic else None
        self.structure = MODELS.build({'dim': dim, **structure}) if structure else None

    def forward(
        self,
        visual: VisualFeatures,
        text: Tensor | None = None,
        present: Tensor | None = None,
        has_text: Tensor | None = None,
    ) -> ExpertFeatures:
        """Run the experts; arguments as in :meth:`TMSE.forward`."""
        features: list[Feature] = []
        if self.semantic is not None:
            features += self.semantic(visual.classes, visual.tokens, text, present, has_text).features
        if self.structure is not None:
            features.append(self.structure(visual.tokens).feature)
        return ExpertFeatures(features or [[Term(visual.tokens.flatten(1, 2))]])
