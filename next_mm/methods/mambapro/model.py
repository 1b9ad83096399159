"""MambaPro on one screen: a frozen tower with prompts and adapters, Mamba over the patches, one
feature of each modality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from next_mm.methods.mambapro.aggregation import MambaAggregation
from next_mm.models.backbones.base import zero_absent
from next_mm.models.class_tokens import CLASS_TOKEN_PARTS, class_token_features, class_token_widths
from next_mm.models.layers.token_summary import TokenSummary
from next_mm.models.reid_model import MissingModalities, ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES, NUM_MODALITIES

__all__ = ['MambaProReID']


@MODELS.register_module()
class MambaProReID(ReIDModel):
    """MambaPro: Mamba aggregation and synergistic prompts (Wang et al., AAAI 2025).

    The features are ``'classes'``, the class tokens (3D), each of them alone (``'rgb'``, ``'nir'``, ``'tir'``, D), and
    ``'fused'`` (3D). A branch ``'each'`` reads the three class tokens one after the other. An absent modality is a
    picture of zeros.

    Args:
        num_classes: number of training identities.
        backbone: config of :class:`PromptAdapterCLIPVisual`.
        branches: feature name to the options of its branch.
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.
    """

    parts: ClassVar[Mapping[str, str]] = {
        'visual encoder': 'backbone',
        'Mamba aggregation': 'aggregation',
        'reductions': 'summaries',
    }
    missing_modalities: ClassVar[MissingModalities] = 'zero pictures'
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = CLASS_TOKEN_PARTS

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = ('fused',),
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        self.backbone = MODELS.build(dict(backbone))
        self.reads_cameras = self.backbone.reads_cameras
        dim = self.backbone.out_dim
        self.aggregation = MambaAggregation(dim, self.backbone.grid)
        self.summaries = nn.ModuleList(TokenSummary(dim) for _ in MODALITIES)
        widths = {**class_token_widths(dim), 'fused': NUM_MODALITIES * dim}
        self.build_branches(branches, widths, test_features, shared={'each': MODALITIES})

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the class tokens, together and alone, and the fused feature."""
        classes, patches = self.backbone(zero_absent(images, batch.present), batch.cameras)
        patches = self.aggregation(patches)
        fused = [summary(classes[:, m], patches[:, m]) for m, summary in enumerate(self.summaries)]
        return {**class_token_features(classes), 'fused': torch.cat(fused, dim=1)}
