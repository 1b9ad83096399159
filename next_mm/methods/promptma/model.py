"""PromptMA on one screen: encode with exchanged prompts, choose patches by what was looked at, fuse them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from next_mm.methods.promptma.fusion import PromptFusion, mean_exchanged
from next_mm.methods.promptma.selection import select_patches
from next_mm.models.backbones.base import zero_absent
from next_mm.models.reid_model import MissingModalities, ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from next_mm.utils.options import check_number

__all__ = ['PromptMAReID']


@MODELS.register_module()
class PromptMAReID(ReIDModel):
    """PromptMA: prompt-based modality alignment (Zhang et al., TIP 2025).

    The features are the class token of each modality (``'rgb'``, ``'nir'``, ``'tir'``) and ``'fusion'``. An absent
    modality is a picture of zeros.

    Args:
        num_classes: number of training identities.
        backbone: config of :class:`ExchangingCLIPVisual`.
        share: share of a modality's patches that class token and prompts choose each.
        branches: feature name to the options of its branch.
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.
    """

    parts: ClassVar[Mapping[str, str]] = {'visual encoder': 'backbone', 'PBMF': 'fusion'}
    missing_modalities: ClassVar[MissingModalities] = 'zero pictures'
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = {name: (m,) for m, name in enumerate(MODALITIES)}

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        share: float = 0.5,
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = (*MODALITIES, 'fusion'),
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        check_number('model.share', share, 0, 1, above=True)
        self.share = share
        self.backbone = MODELS.build(dict(backbone))
        self.reads_cameras = self.backbone.reads_cameras
        blocks = dict(enumerate(self.backbone.tower.transformer.resblocks))
        behind = {number: block for number, block in blocks.items() if number >= self.backbone.num_prompted}
        self.fusion = PromptFusion(behind, self.backbone.width)
        self.build_branches(branches, dict.fromkeys((*MODALITIES, 'fusion'), self.backbone.width), test_features)

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return each modality's class token and the fused feature."""
        encoded = self.backbone(zero_absent(images, batch.present), batch.cameras)
        chosen = select_patches(encoded.maps, self.share)
        features = {name: encoded.classes[:, m] for m, name in enumerate(MODALITIES)}
        return {**features, 'fusion': self.fusion(mean_exchanged(encoded.prompts), encoded.patches, chosen)}
