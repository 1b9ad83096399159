"""NEXT on one screen: encode pictures and captions, run the experts, aggregate, then loss or feature (Fig. 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from next_mm.errors import ConfigError
from next_mm.models.backbones import VisualFeatures
from next_mm.models.reid_model import TEXT_ENCODER, ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import NUM_MODALITIES


@MODELS.register_module()
class NEXTReID(ReIDModel):
    """Multi-modal object re-identification by text-modulated mixtures of experts (arXiv 2505.20001).

    The widths of tokens and caption features go from the backbone and the text encoder to neck and head, so that
    another backbone is a change of one config entry.

    Args:
        num_classes: number of training identities.
        backbone: config of :class:`CLIPVisual` or :class:`TimmVisual`.
        neck: config of :class:`MultiGrainedExperts`.
        head: config of :class:`MGFAHead`.
        text: config of :class:`CLIPText` or :class:`CachedText`, or ``None`` for a model without captions.
        branches: feature name to the options of its branch; the one feature is ``'experts'`` (3D wide).
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.

    Raises:
        ConfigError: captions are encoded but nothing reads them.
    """

    parts: ClassVar[Mapping[str, str]] = {
        'visual encoder': 'backbone',
        TEXT_ENCODER: 'text',
        'TMSE': 'neck.semantic',
        'CSSE': 'neck.structure',
        'MGFA': 'head',
    }
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = {'experts': range(NUM_MODALITIES)}
    optional_state: ClassVar[tuple[str, ...]] = ('text.',)
    without_captions: ClassVar[str] = 'model.text=None'

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        neck: Mapping[str, Any],
        head: Mapping[str, Any],
        text: Mapping[str, Any] | None = None,
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = ('experts',),
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        if text and not neck.get('semantic'):
            raise ConfigError(
                'model.text is set but no semantic experts read the captions: set model.text=None or '
                'model.neck.semantic'
            )
        self.backbone = MODELS.build(dict(backbone))
        dim = self.backbone.out_dim
        self.text = MODELS.build(dict(text)) if text else None
        text_dim = self.text.out_dim if self.text is not None else None
        self.neck = MODELS.build({'dim': dim, 'text_dim': text_dim, **neck})
        self.build_branches(branches, {'experts': NUM_MODALITIES * dim}, test_features)
        self.head = MODELS.build({'dim': dim, **head})
        self.reads_captions = self.text is not None
        self.reads_cameras = self.backbone.reads_cameras

    @classmethod
    def config_reads_captions(cls, config: Mapping[str, Any]) -> bool:
        """Return whether the config has a text encoder."""
        return bool(config.get('text'))

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the aggregated experts' feature (B, 3D)."""
        return {'experts': self._aggregate(self.backbone(images, batch.cameras), self._read_captions(batch), batch)}

    def feature_with_and_without_text(self, images: Tensor, batch: TripletBatch) -> tuple[Tensor, Tensor]:
        """See :meth:`ReIDModel.feature_with_and_without_text`; the pictures are encoded once."""
        visual = self.backbone(images, batch.cameras)
        with_text = self._aggregate(visual, self._read_captions(batch), batch)
        without = self._aggregate(visual, None, batch)
        return self.test_feature({'experts': with_text}), self.test_feature({'experts': without})

    def _read_captions(self, batch: TripletBatch) -> Tensor | None:
        """Return the caption features (B, S, 3, D_text); ``None`` without a text encoder."""
        if self.text is None or batch.text is not None:
            return batch.text
        return self.text(self.require_tokens(batch))

    def _aggregate(self, visual: VisualFeatures, text: Tensor | None, batch: TripletBatch) -> Tensor:
        experts = self.neck(visual, text, batch.present, batch.has_text)
        return self.head(visual, experts, batch.present)
