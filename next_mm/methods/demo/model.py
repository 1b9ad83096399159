"""DeMo on one screen: encode, renew the class tokens, decouple the modalities, mix their experts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from next_mm.methods.demo.atmoe import AttentionMixture
from next_mm.methods.demo.hdm import SUBSETS, SubsetAttention
from next_mm.models.backbones.base import zero_absent
from next_mm.models.class_tokens import CLASS_TOKEN_PARTS, class_token_features, class_token_widths
from next_mm.models.clip.quick_gelu import quick_gelu
from next_mm.models.layers.token_summary import TokenSummary
from next_mm.models.reid_model import MissingModalities, ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from next_mm.utils.options import check_heads

__all__ = ['DeMoReID']


@MODELS.register_module()
class DeMoReID(ReIDModel):
    """DeMo: decoupled features by a mixture of experts (Wang et al., AAAI 2025).

    The features are ``'classes'``, the renewed class tokens (3D), each of them alone (``'rgb'``, ``'nir'``, ``'tir'``,
    D), and ``'experts'`` (7D). An absent modality is a picture of zeros.

    Args:
        num_classes: number of training identities.
        backbone: config of :class:`CLIPVisual`.
        num_heads: heads of the experts.
        branches: feature name to the options of its branch.
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.
    """

    parts: ClassVar[Mapping[str, str]] = {
        'visual encoder': 'backbone',
        'PIFE': 'summaries',
        'HDM': 'decoupling',
        'ATMoE': 'mixture',
    }
    missing_modalities: ClassVar[MissingModalities] = 'zero pictures'
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = CLASS_TOKEN_PARTS

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        num_heads: int,
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = ('classes', 'experts'),
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        self.backbone = MODELS.build(dict(backbone))
        self.reads_cameras = self.backbone.reads_cameras
        dim = self.backbone.out_dim
        check_heads('model.num_heads', num_heads, dim)
        self.summaries = nn.ModuleList(TokenSummary(dim) for _ in MODALITIES)
        self.decoupling = SubsetAttention(dim)
        self.mixture = AttentionMixture(dim, len(SUBSETS), num_heads)
        widths = {**class_token_widths(dim), 'experts': len(SUBSETS) * dim}
        self.build_branches(branches, widths, test_features)

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the renewed class tokens, together and alone, and the mixture of the decoupled features."""
        classes, patches = self.backbone(zero_absent(images, batch.present), batch.cameras)
        renewed = torch.stack(
            [quick_gelu(summary(classes[:, m], patches[:, m])) for m, summary in enumerate(self.summaries)], dim=1
        )  # (B, 3, D)
        tokens = torch.cat([renewed.unsqueeze(2), patches], dim=2)  # (B, 3, 1 + N, D)
        return {**class_token_features(renewed), 'experts': self.mixture(self.decoupling(tokens))}
