"""HTT on one screen: a shared tower, heterogeneous losses, and training on test pictures (Wang et al., AAAI 2024)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor

from next_mm.methods.htt.losses import cross_identity_margin, three_modality_margin
from next_mm.models.backbones.base import zero_absent
from next_mm.models.heads import gather_batch
from next_mm.models.reid_model import MissingModalities, ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import NUM_MODALITIES

_WEIGHT = 0.5
"""Weight of either loss in training; at test time it is 1."""


@MODELS.register_module()
class HTTReID(ReIDModel):
    """HTT: heterogeneous test-time training for multi-modal re-identification (Wang et al., AAAI 2024).

    The feature is ``classes`` (3D wide), the class tokens of one tower for the three modalities. :meth:`test_time_loss`
    is what :class:`~next_mm.engine.TestTimeTrainingLoop` minimises.

    Args:
        num_classes: number of training identities.
        backbone: config of the tower that the modalities share, :class:`SideViT`.
        branches: feature name to the options of its branch.
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.
    """

    parts: ClassVar[Mapping[str, str]] = {'tower': 'backbone', 'end': 'end'}
    missing_modalities: ClassVar[MissingModalities] = 'zero pictures'
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
        self.end = self.backbone.take_end()
        self.reads_cameras = self.backbone.reads_cameras
        self.build_branches(branches, {'classes': NUM_MODALITIES * self.backbone.out_dim}, test_features)

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Concatenate the class tokens of the modalities."""
        images = zero_absent(images, batch.present)
        cameras = None if batch.cameras is None else batch.cameras.repeat_interleave(NUM_MODALITIES)
        classes = self.end(self.backbone(images.flatten(0, 1), cameras))
        return {'classes': classes.unflatten(0, (-1, NUM_MODALITIES)).flatten(1)}

    def loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Add the margins of modalities and identities to the losses of the branch."""
        features = self.extract(images, batch)
        losses = self.identity_losses(features, batch)
        units, labels = _units(*gather_batch(features['classes'], batch.labels))
        losses['loss_modality_margin'] = _WEIGHT * three_modality_margin(units, labels, margin=1.0)
        losses['loss_identity_margin'] = _WEIGHT * cross_identity_margin(units, labels, margin=0.5)
        return losses

    def test_time_loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the margins with the classifier's answers in the place of labels; nothing reaches BNNeck's
        weight or the classifier."""
        classes = self.extract(images, batch)['classes']
        pseudo = self.branches['classes'].views(classes)['logits'].argmax(dim=1)
        units, labels = _units(classes, pseudo)
        return {
            'loss_modality_margin': three_modality_margin(units, labels, margin=1.0),
            'loss_identity_margin': cross_identity_margin(units, labels, margin=1.0),
        }


def _units(classes: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Normalise the class tokens (B, 3D) of each modality to (B, 3, D) in full precision."""
    return F.normalize(classes.float().unflatten(1, (NUM_MODALITIES, -1)), dim=2), labels
