"""HAMNet on one screen: a network for each modality, weighed by class activation maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from next_mm.methods.hamnet.fusion import fuse_class_maps, heterogeneity
from next_mm.models.absent import apply_present
from next_mm.models.heads import gather_batch
from next_mm.models.layers import pool_mean
from next_mm.models.reid_model import ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from next_mm.utils.options import check_choice, check_number

__all__ = ['HAMNetReID']

_BRANCH = 'identity'


@MODELS.register_module()
class HAMNetReID(ReIDModel):
    """Multi-spectral vehicle re-identification (Li et al., AAAI 2020).

    One classifier, the branch ``'identity'``, reads the features of all modalities and, unless the votes stand for it,
    the fused one; an absent modality has no weight in the fused feature.

    Args:
        num_classes: number of training identities.
        backbone: config of :class:`TripletTrunks`.
        fused_logits: what the fourth logits are: the ``'classifier'``'s of the fused feature, or the ``'votes'`` of the
            class maps, which are then also what the losses on features read (a later rewrite of HAMNet).
        heterogeneity_weight: factor on the heterogeneity loss.
        branches: options of the branch ``'identity'``.
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.
    """

    parts: ClassVar[Mapping[str, str]] = {'trunks': 'backbone', 'class maps': 'class_maps'}
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = {
        modality: (index,) for index, modality in enumerate(MODALITIES)
    }

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        fused_logits: Literal['classifier', 'votes'] = 'classifier',
        heterogeneity_weight: float = 0.001,
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = ('fused',),
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        check_choice('model.fused_logits', fused_logits, ('classifier', 'votes'))
        check_number('model.heterogeneity_weight', heterogeneity_weight, 0)
        self.fused_logits = fused_logits
        self.heterogeneity_weight = heterogeneity_weight
        self.backbone = MODELS.build(dict(backbone))
        width = self.backbone.out_dim
        self.norms = nn.ModuleDict({modality: nn.BatchNorm1d(width) for modality in MODALITIES})
        for norm in self.norms.values():
            norm.bias.requires_grad_(False)
        self.class_maps = nn.ModuleDict(
            {modality: nn.Conv2d(width, num_classes, 1, bias=False) for modality in MODALITIES}
        )
        read = [*MODALITIES, 'fused'] if fused_logits == 'classifier' else MODALITIES
        self.build_branches(
            branches, dict.fromkeys([*MODALITIES, 'fused'], width), test_features, shared={_BRANCH: read}
        )

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return each modality's feature behind its batch norm, their weighted sum, and the votes (B, C)."""
        maps = dict(zip(MODALITIES, self.backbone(images, batch.present)))
        class_maps = torch.stack([self.class_maps[modality](x) for modality, x in maps.items()], dim=1)
        fusion = fuse_class_maps(class_maps, batch.present)
        features = {
            modality: apply_present(
                self.norms[modality], pool_mean(x), None if batch.present is None else batch.present[:, index]
            )
            for index, (modality, x) in enumerate(maps.items())
        }
        stacked = torch.stack(list(features.values()), dim=1)  # (B, 3, F)
        return {**features, 'fused': (fusion.weights.unsqueeze(2) * stacked).sum(dim=1), 'votes': fusion.votes}

    def counted(self, name: str, batch: TripletBatch) -> Tensor | None:
        """Return which samples (B,) have the modality of a feature, ``None`` for all."""
        if batch.present is None or name not in self.feature_parts:
            return None
        return batch.present[:, self.feature_parts[name][0]]

    def loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the branch's losses of all features, and the heterogeneity of the samples that have every modality."""
        features = self.extract(images, batch)
        losses = self.identity_losses(features, batch)
        branch = self.branches[_BRANCH]
        with torch.autocast(images.device.type, enabled=False):
            if self.fused_logits == 'votes':
                votes, labels = gather_batch(features['votes'].float(), batch.labels)
                views = {**dict.fromkeys(('feature', 'normed', 'logits'), votes), 'labels': labels}
                losses |= {f'votes.{key}': value for key, value in branch.view_losses(views).items()}
            logits = torch.stack([branch.views(features[m].float())['logits'] for m in MODALITIES], dim=1)
            whole = logits if batch.present is None else logits[batch.present.all(dim=1)]
            losses['loss_heterogeneity'] = self.heterogeneity_weight * heterogeneity(whole)
        return losses
