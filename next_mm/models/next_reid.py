"""NEXT on one screen: encode pictures and captions, run the experts, aggregate, then loss or feature (Fig. 3)."""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseModel
from torch import Tensor

from next_mm.errors import ConfigError, DataError
from next_mm.registry import MODELS
from next_mm.structures import ReIDDataSample, TripletBatch

NO_CAPTIONS = (
    'the model reads captions (model.text) but its samples have none: name the captions in the dataset (caption_dir), or train '
    'without text with model.text=None'
)


@MODELS.register_module()
class NEXTReID(BaseModel):
    """Multi-modal object re-identification by text-modulated mixtures of experts (arXiv 2505.20001).

    The widths of tokens and caption features go from the backbone and the text encoder to neck and head, so that another backbone
    is a change of one config entry.

    Args:
        backbone: config of :class:`CLIPVisual` or :class:`TimmVisual`.
        head: config of :class:`MGFAHead` or :class:`ClassTokenHead`.
        neck: config of :class:`MultiGrainedExperts`, or ``None`` for the plain baseline.
        text: config of :class:`CLIPText` or :class:`CachedText`, or ``None`` for a model without captions.
        data_preprocessor: config of :class:`TripletPreprocessor`.

    Raises:
        ConfigError: captions are encoded but nothing reads them.
    """

    def __init__(
        self,
        *,
        backbone: dict[str, Any],
        head: dict[str, Any],
        neck: dict[str, Any] | None = None,
        text: dict[str, Any] | None = None,
        data_preprocessor: dict[str, Any],
    ) -> None:
        super().__init__(data_preprocessor=MODELS.build(data_preprocessor))
        if text and not (neck and neck.get('semantic')):
            raise ConfigError(
                'model.text is set but no semantic experts read the captions: set model.text=None or model.neck.semantic'
            )
        self.backbone = MODELS.build(backbone)
        dim = self.backbone.out_dim
        self.text = MODELS.build(text) if text else None
        text_dim = self.text.out_dim if self.text is not None else None
        self.neck = MODELS.build({'dim': dim, 'text_dim': text_dim, **neck}) if neck else None
        self.head = MODELS.build({'dim': dim, **head})

    def extract_feature(self, inputs: Tensor, batch: TripletBatch) -> Tensor:
        """Return the identity features (B, 3D) of (B, 3, 3, H, W) pictures, before BNNeck and not normalised."""
        visual = self.backbone(inputs, batch.cameras)
        text = None
        if self.text is not None:
            if batch.tokens is None:
                raise DataError(NO_CAPTIONS)
            text = self.text(batch.tokens)  # (B, S, 3, D_text)
        experts = self.neck(visual, text, batch.present, batch.has_text) if self.neck is not None else None
        return self.head(visual, experts, batch.present)

    def forward(
        self, inputs: Tensor, data_samples: TripletBatch, mode: str = 'tensor'
    ) -> Tensor | dict[str, Tensor] | list[ReIDDataSample]:
        """Run the model in one of MMEngine's modes.

        Args:
            inputs: (B, 3, 3, H, W) normalised pictures, modality before channel.
            data_samples: the rest of the batch.
            mode: ``'loss'`` gives the losses, ``'predict'`` the samples with their ``feature``, ``'tensor'`` the features.

        Raises:
            ValueError: another mode.
        """
        feature = self.extract_feature(inputs, data_samples)
        if mode == 'loss':
            return self.head.loss(feature, data_samples.labels)
        if mode == 'predict':
            for sample, row in zip(data_samples.samples, feature.float()):
                sample.feature = row
            return data_samples.samples
        if mode == 'tensor':
            return feature
        raise ValueError(f"mode={mode!r}: expected 'loss', 'predict' or 'tensor'")
