"""The plain baseline (Table IV a): the concatenated class tokens of one backbone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from next_mm.models.reid_model import ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import NUM_MODALITIES


@MODELS.register_module()
class BaselineReID(ReIDModel):
    """One backbone for the three modalities, its class tokens side by side.

    Args:
        num_classes: number of training identities.
        backbone: config of :class:`CLIPVisual` or :class:`TimmVisual`.
        branches: feature name to the options of its branch; the one feature is ``'classes'`` (3D wide).
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.
    """

    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = {'classes': range(NUM_MODALITIES)}

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = ('classes',),
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        self.backbone = MODELS.build(dict(backbone))
        self.reads_cameras = self.backbone.reads_cameras
        self.build_branches(branches, {'classes': NUM_MODALITIES * self.backbone.out_dim}, test_features)

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Concatenate the class tokens; an absent modality's part is zero."""
        classes = self.backbone(images, batch.cameras).classes  # (B, 3, D)
        if batch.present is not None:
            classes = classes * batch.present.unsqueeze(-1)
        return {'classes': classes.flatten(1)}
