"""IDEA on one screen: captions to tokens, pictures with them, and one aggregation of both over all modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from next_mm.errors import ConfigError
from next_mm.methods.idea.aggregation import DeformableAggregation
from next_mm.methods.idea.captions import CaptionSummary
from next_mm.methods.idea.towers import InverseNet
from next_mm.models.backbones.base import zero_absent
from next_mm.models.reid_model import MissingModalities, ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES, NUM_MODALITIES
from next_mm.utils.options import check_integer, check_number

__all__ = ['IDEAReID']


@MODELS.register_module()
class IDEAReID(ReIDModel):
    """IDEA: inverted text with cooperative deformable aggregation (Wang et al., CVPR 2025).

    The features are ``'classes'`` and ``'captions'``, the tokens of the tower (3D; of one modality ``'classes_rgb'``
    and so on, D), ``'visual'`` and ``'textual'``, the same after the aggregation (3D). An absent modality is a picture
    of zeros without a caption.

    Args:
        num_classes: number of training identities.
        backbone: config of :class:`InvertedCLIPVisual`.
        text: config of :class:`CLIPText`.
        num_words: number of learned words in the prefix.
        prefixes: modality to the sentence in front of its captions, with ``{learned}`` behind four words.
        reach: factor on the offsets of the aggregation.
        absent_captions: whether an absent modality keeps its caption, as in the authors' tests.
        branches: feature name to the options of its branch.
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.
    """

    parts: ClassVar[Mapping[str, str]] = {
        'visual encoder': 'backbone',
        'text encoder': 'text',
        'learned words': 'summary',
        'inverse net': 'inverse',
        'CDA': 'aggregation',
    }
    reads_captions = True
    missing_modalities: ClassVar[MissingModalities] = 'zero pictures'
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = {
        'classes': range(NUM_MODALITIES),
        'captions': range(NUM_MODALITIES),
        **{f'{kind}_{name}': (m,) for kind in ('classes', 'captions') for m, name in enumerate(MODALITIES)},
    }
    optional_state: ClassVar[tuple[str, ...]] = ('text.',)

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        text: Mapping[str, Any],
        num_words: int,
        prefixes: Mapping[str, str] | None,
        reach: float,
        absent_captions: bool = False,
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = ('textual',),
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        self.backbone = MODELS.build(dict(backbone))
        self.reads_cameras = self.backbone.reads_cameras
        check_integer('model.num_words', num_words, 1)
        check_number('model.reach', reach, 0)
        self.absent_captions = absent_captions
        dim = self.backbone.out_dim
        self.text = MODELS.build({**text, 'cache': None})  # the learned words change what a caption says
        self.summary = CaptionSummary(self.text.tower.width, num_words, prefixes)
        self.inverse = InverseNet(self.text.out_dim, self.backbone.width)
        self.aggregation = DeformableAggregation(dim, self.backbone.grid, reach)
        widths = dict.fromkeys(('classes', 'captions', 'visual', 'textual'), NUM_MODALITIES * dim)
        widths |= {f'{kind}_{name}': dim for kind in ('classes', 'captions') for name in MODALITIES}
        self.build_branches(branches, widths, test_features)

    def not_exportable(self) -> str:
        """Return why there is no ONNX file of it."""
        return 'its captions pass the text tower with learned words, and an exported file takes caption features'

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return class and caption tokens, of each modality and together, before and after the aggregation."""
        tokens = self.require_tokens(batch)
        if tokens.shape[1] != 1:
            raise ConfigError(
                f'IDEAReID reads one text a caption, got {tokens.shape[1]}: '
                'set SampleSentences.num_subsets=1, keep_prob=1.0'
            )
        kept = _kept_captions(batch, self.absent_captions)
        captions = self.inverse(self.summary(self.text.tower, tokens[:, 0], kept))
        encoded = self.backbone(zero_absent(images, batch.present), captions, batch.cameras)
        queries = torch.cat([encoded.classes, encoded.captions], dim=1)  # (B, 6, D)
        answers = self.aggregation(encoded.patches, queries)
        features = {'visual': answers[:, :NUM_MODALITIES].flatten(1), 'textual': answers[:, NUM_MODALITIES:].flatten(1)}
        for kind, found in (('classes', encoded.classes), ('captions', encoded.captions)):
            features[kind] = found.flatten(1)
            features |= {f'{kind}_{name}': found[:, m] for m, name in enumerate(MODALITIES)}
        return features


def _kept_captions(batch: TripletBatch, absent_captions: bool) -> Tensor | None:
    """(B, 3) bool, which captions are not taken for empty; ``None`` for all."""
    if absent_captions or batch.present is None:
        return batch.has_text
    return batch.present if batch.has_text is None else batch.present & batch.has_text
