"""CAL on triplets: three networks that also learn what their attention adds to random attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from next_mm.models.conv_reid import ConvReID
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch

__all__ = ['CALReID']


@MODELS.register_module()
class CALReID(ConvReID):
    """Counterfactual attention learning (Rao et al., ICCV 2021).

    Every loss on logits is also applied to the effect of attention: the logits less those of random attention.

    Args:
        mirrored: whether the mirrored pictures' test feature is added, as the authors do, at twice the cost.
        options: of :class:`~next_mm.models.per_modality.PerModalityReID`; the one branch is ``'whole'``.
    """

    def __init__(self, *, mirrored: bool = True, **options: Any) -> None:
        super().__init__(**options)
        self.mirrored = mirrored

    def identity_views(self, features: Mapping[str, Tensor], batch: TripletBatch) -> dict[str, dict[str, Tensor]]:
        """Add to each branch's views the effect; BNNeck sees the counterfactual first, as in the authors' code."""
        others = {name: features[name.replace('_whole', '_counterfactual')] for name in self._branch_of}
        random = super().identity_views({**features, **others}, batch)
        views = super().identity_views(features, batch)
        for name, view in views.items():
            if 'logits' in view:
                view['effect'] = view['logits'] - random[name]['logits']
        return views

    def view_losses(self, views: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
        """Apply each loss on logits to the effect too."""
        losses = super().view_losses(views)
        for name, view in views.items():
            if 'effect' in view:
                found = self.branches[self._branch_of[name]].losses.items()
                effects = {key: loss(view['effect'], view['labels']) for key, loss in found if loss.on == 'logits'}
                losses |= {f'{name}.loss_{key}_effect': value for key, value in effects.items()}
        return losses

    def feature(self, images: Tensor, batch: TripletBatch) -> Tensor:
        """Return the test feature (B, F), with that of the mirrored pictures added."""
        feature = super().feature(images, batch)
        return feature + super().feature(images.flip(-1), batch) if self.mirrored else feature
