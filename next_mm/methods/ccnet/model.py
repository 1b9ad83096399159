"""CCNet: a network for each modality, held together by centres of modalities and of samples."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from next_mm.errors import ConfigError
from next_mm.methods.ccnet.loss import modality_spread, sample_spread
from next_mm.models.conv_reid import ConvReID
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from next_mm.utils.options import check_number

__all__ = ['CCNetReID']


@MODELS.register_module()
class CCNetReID(ConvReID):
    """Cross-directional consistency network (Zheng et al., Information Fusion 2023).

    Args:
        center_weight: factor on the center loss, lambda in the paper.
        modality_weight: factor on its part over modalities, alpha in the paper.
        options: of :class:`~next_mm.models.per_modality.PerModalityReID`, with all three modalities; the one
            branch is ``'whole'``.
    """

    def __init__(self, *, center_weight: float = 0.3, modality_weight: float = 0.6, **options: Any) -> None:
        super().__init__(**options)
        if self.modalities != MODALITIES:
            raise ConfigError(f'model.modalities={list(self.modalities)}: CCNet needs all of {", ".join(MODALITIES)}')
        check_number('model.center_weight', center_weight, 0)
        check_number('model.modality_weight', modality_weight, 0)
        self.center_weight = center_weight
        self.modality_weight = modality_weight

    def loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the branches' losses and the two parts of the center loss on the features before BNNeck."""
        features = self.extract(images, batch)
        losses = self.identity_losses(features, batch)
        stacked = torch.stack([features[f'{modality}_whole'] for modality in self.modalities]).float()
        losses['loss_modality_center'] = (
            self.center_weight * self.modality_weight * modality_spread(stacked, batch.labels, batch.present)
        )
        losses['loss_sample_center'] = self.center_weight * sample_spread(stacked, batch.labels, batch.present)
        return losses
