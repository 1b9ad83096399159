"""EDITOR on one screen: select tokens by attention and brightness, aggregate them (Zhang et al., CVPR 2024)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from next_mm.methods.editor.aggregation import MaskedAggregation
from next_mm.methods.editor.attention import encode_with_attention
from next_mm.methods.editor.losses import IdentityCentres, background_consistency
from next_mm.methods.editor.selection import bright_counts, select_tokens
from next_mm.models.backbones.base import zero_absent
from next_mm.models.class_tokens import CLASS_TOKEN_PARTS, class_token_features, class_token_widths
from next_mm.models.heads import gather_batch
from next_mm.models.reid_model import MissingModalities, ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES, NUM_MODALITIES
from next_mm.utils.options import check_heads, check_integer


@MODELS.register_module()
class EDITORReID(ReIDModel):
    """EDITOR: object-centric multi-modal re-identification by selected tokens (Zhang et al., CVPR 2024).

    The features are ``fused`` (3D wide), the aggregated tokens, ``classes`` (3D), the tower's class tokens side by
    side, and ``rgb``, ``nir``, ``tir`` (D), the same one by one; a branch ``each`` reads these three. The authors train
    ``fused`` with ``classes`` (persons) or with ``each`` (vehicles).

    Args:
        num_classes: number of training identities.
        backbone: config of the tower that the modalities share, :class:`SideViT`.
        num_heads: heads of the aggregation.
        head_keep: patches that each head of the tower keeps.
        frequency_keep: patches that are kept for their brightness.
        branches: feature name to the options of its branch.
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.

    Raises:
        ConfigError: an option is out of range.
    """

    parts: ClassVar[Mapping[str, str]] = {'tower': 'backbone', 'aggregation': 'aggregation'}
    missing_modalities: ClassVar[MissingModalities] = 'zero pictures'
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = CLASS_TOKEN_PARTS

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        num_heads: int = 12,
        head_keep: int = 2,
        frequency_keep: int = 10,
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = ('fused',),
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        self.backbone = MODELS.build(dict(backbone))
        self.reads_cameras = self.backbone.reads_cameras
        patches = self.backbone.grid[0] * self.backbone.grid[1]
        for option, value in (('head_keep', head_keep), ('frequency_keep', frequency_keep)):
            check_integer(f'model.{option}', value, 1, patches)
        self.head_keep, self.frequency_keep = head_keep, frequency_keep
        width = self.backbone.out_dim
        check_heads('model.num_heads', num_heads, width)
        self.aggregation = MaskedAggregation(width, num_heads, NUM_MODALITIES)
        self.centres = IdentityCentres(num_classes, NUM_MODALITIES, width)
        widths = {'fused': NUM_MODALITIES * width, **class_token_widths(width)}
        self.build_branches(branches, widths, test_features, shared={'each': MODALITIES})

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the features; the patches' ``tokens`` (B, 3, N, D), what is ``selected`` (B, N), each modality's
        ``objects`` (B, 3, D)."""
        images = zero_absent(images, batch.present)
        cameras = None if batch.cameras is None else batch.cameras.repeat_interleave(NUM_MODALITIES)
        tokens, maps = encode_with_attention(self.backbone, images.flatten(0, 1), cameras)
        tokens = tokens.unflatten(0, (-1, NUM_MODALITIES))  # (B, 3, 1 + N, D)
        counts = bright_counts(images, self.backbone.patch_size, self.backbone.stride)
        selected = select_tokens(maps, counts, head_keep=self.head_keep, frequency_keep=self.frequency_keep)
        fused, objects = self.aggregation(tokens, selected)
        features = {'fused': fused.flatten(1), **class_token_features(tokens[:, :, 0])}
        return features | {'tokens': tokens[:, :, 1:], 'selected': selected, 'objects': objects}

    def loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Add background consistency and object-centric refinement to the losses of the branches."""
        features = self.extract(images, batch)
        losses = self.identity_losses(features, batch)
        losses['loss_background'] = background_consistency(features['tokens'], features['selected'])
        objects, labels = gather_batch(features['objects'], batch.labels)
        losses['loss_objects'] = self.centres(objects, labels)
        return losses
