"""IEEE on one screen: modalities interact, the global feature goes into six parts, a margin keeps modalities apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.methods.ieee.loss import margin_loss
from next_mm.methods.ieee.parts import NUM_PARTS, Interaction, PartEmbedding
from next_mm.models.absent import apply_present
from next_mm.models.reid_model import ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES
from next_mm.utils.options import check_integer, check_names, check_number

__all__ = ['IEEEReID']

_PART_NAMES = {modality: [f'{modality}_{index}' for index in range(1, NUM_PARTS + 1)] for modality in MODALITIES}
_TEMPLATE = 'part'


@MODELS.register_module()
class IEEEReID(ReIDModel):
    """Interact, embed, and enlarge (Wang et al., AAAI 2022).

    The features are ``<modality>_1`` to ``<modality>_6``, each with a branch of its own by the options of ``'part'``.
    An absent modality gives the others nothing, and its parts are zero.

    Args:
        num_classes: number of training identities.
        backbone: config of :class:`TripletTrunks`.
        inner: width of the reduced features.
        part_dim: width of the feature of a part.
        margin: of the 3M loss; the authors' is 1, on Market-MM 3.
        margin_weight: factor on the 3M loss.
        classifiers_first: number of epochs at the start in which the classifiers alone learn.
        branches: ``'part'`` to the options of the branches.
        test_features: features compared in a test; all parts, TIR first, are the authors'.
        data_preprocessor: config of :class:`TripletPreprocessor`.
    """

    parts: ClassVar[Mapping[str, str]] = {'trunks': 'backbone', 'CIM': 'interactions', 'REM': 'embeddings'}
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = {
        name: (index,) for index, names in enumerate(_PART_NAMES.values()) for name in names
    }

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        inner: int = 768,
        part_dim: int = 128,
        margin: float = 1.0,
        margin_weight: float = 1.0,
        classifiers_first: int = 0,
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = (*_PART_NAMES['tir'], *_PART_NAMES['rgb'], *_PART_NAMES['nir']),
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        check_names('model.branches', branches, (_TEMPLATE,))
        for option, number, least in (
            ('inner', inner, 1),
            ('part_dim', part_dim, 1),
            ('classifiers_first', classifiers_first, 0),
        ):
            check_integer(f'model.{option}', number, least)
        check_number('model.margin', margin, 0)
        check_number('model.margin_weight', margin_weight, 0)
        self.classifiers_first = classifiers_first
        self._frozen = False
        self.margin = margin
        self.margin_weight = margin_weight
        self.backbone = MODELS.build(dict(backbone))
        channels = self.backbone.out_dim
        self.interactions = nn.ModuleDict({modality: Interaction(channels) for modality in MODALITIES})
        self.embeddings = nn.ModuleDict({m: PartEmbedding(channels, inner, part_dim) for m in MODALITIES})
        names = [name for names in _PART_NAMES.values() for name in names]
        self.build_branches(dict.fromkeys(names, branches[_TEMPLATE]), dict.fromkeys(names, part_dim), test_features)

    def before_epoch(self, epoch: int, batches: Callable[[], Iterator[tuple[Tensor, TripletBatch]]]) -> None:
        """Freeze all but the classifiers, or let all learn again."""
        self._frozen = epoch < self.classifiers_first
        for network in (self.backbone, self.interactions, self.embeddings):
            network.requires_grad_(not self._frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> IEEEReID:
        """Switch to training or evaluation; what is frozen keeps its statistics."""
        super().train(mode)
        if self._frozen:
            for network in (self.backbone, self.interactions, self.embeddings):
                network.eval()
        return self

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the features of the parts (B, part_dim), zero for an absent modality."""
        maps = self.backbone(images, batch.present)
        total = torch.stack(maps).sum(dim=0)
        columns = [None] * len(maps) if batch.present is None else list(batch.present.unbind(1))
        features: dict[str, Tensor] = {}
        for index, (modality, x) in enumerate(zip(MODALITIES, maps)):
            present = columns[index]
            with_others = None
            if batch.present is not None:
                with_others = present & (batch.present.sum(dim=1) > 1)
            mixed = self.interactions[modality](x, total - x, present, with_others)
            parts = apply_present(self.embeddings[modality], torch.stack([x, mixed], dim=1), present)
            features |= dict(zip(_PART_NAMES[modality], parts.unbind(1)))
        return features

    def counted(self, name: str, batch: TripletBatch) -> Tensor | None:
        """Return which samples (B,) have the modality of a part, ``None`` for all."""
        return None if batch.present is None else batch.present[:, self.feature_parts[name][0]]

    def loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the losses of the parts and the 3M loss."""
        features = self.extract(images, batch)
        losses = self.identity_losses(features, batch)
        stacked = torch.stack([torch.cat([features[name] for name in names], dim=1) for names in _PART_NAMES.values()])
        normed = F.normalize(stacked.float(), dim=2)
        losses['loss_3m'] = self.margin_weight * margin_loss(normed, batch.labels, self.margin, batch.present)
        return losses
