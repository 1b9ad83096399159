"""ICPL on one screen: towers with adapters, prototypes and learned texts of identities, and contrasts between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn

from next_mm.methods.icpl.alignment import contrast_prototypes, contrast_texts, mean_by_identity, update_prototypes
from next_mm.methods.icpl.prompts import IdentityPrompts, encode_prompts
from next_mm.models.backbones.base import zero_absent
from next_mm.models.heads import gather_batch
from next_mm.models.losses.triplet import batch_hard_triplet
from next_mm.models.reid_model import ReIDModel
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from next_mm.triplet import MODALITIES, NUM_MODALITIES
from next_mm.utils.options import check_integer

__all__ = ['ICPLReID']

_JOINT = tuple(f'{name}_joint' for name in MODALITIES)
_COMPARED = tuple(name for pair in zip(MODALITIES, _JOINT) for name in pair)
_WEIGHT = 0.33
"""Factor on the losses of a modality."""
_MARGIN, _TEMPERATURE, _MOMENTUM = 0.3, 0.05, 0.1
_PLAIN_EPOCHS = 3
"""Epochs whose prototypes are made without the adapters, which begin as noise."""
_EARLY_EPOCHS = 20
_EARLY, _LATE = (0.9, 0.1), (0.1, 0.9)
"""Weights of the contrasts with prototypes and with texts, in the early epochs and in the others."""


@MODELS.register_module()
class ICPLReID(ReIDModel):
    """ICPL-ReID: identity-conditional prompt learning (Li et al., TMM 2025).

    The features of a modality are its class token behind the last norm (``'rgb'``, width W) and in the joint space
    (``'rgb_joint'``, D). With one tower for the modalities the branches are ``'each'`` and ``'each_joint'``.

    Args:
        num_classes: number of training identities.
        backbone: config of :class:`AdapterCLIPVisual`; its ``towers`` also says how many sets of prompts there are.
        text: config of :class:`CLIPText`, read in training alone.
        template: the sentence about an identity, with ``{learned}``.
        num_words: number of learned words.
        noisy_prototypes: whether prototypes are made with the adapters' dropout on, as by the authors.
        branches: feature name to the options of its branch.
        test_features: features compared in a test.
        data_preprocessor: config of :class:`TripletPreprocessor`.
    """

    parts: ClassVar[Mapping[str, str]] = {'visual encoder': 'backbone', 'prompts': 'prompts'}
    feature_parts: ClassVar[Mapping[str, Sequence[int | None]]] = {
        name: (m,) for names in (MODALITIES, _JOINT) for m, name in enumerate(names)
    }
    optional_state: ClassVar[tuple[str, ...]] = ('text.',)
    prototypes: Tensor

    def __init__(
        self,
        *,
        num_classes: int,
        backbone: Mapping[str, Any],
        text: Mapping[str, Any],
        template: str,
        num_words: int = 4,
        noisy_prototypes: bool = False,
        branches: Mapping[str, Mapping[str, Any]],
        test_features: Sequence[str] = _COMPARED,
        data_preprocessor: Mapping[str, Any],
    ) -> None:
        super().__init__(num_classes=num_classes, data_preprocessor=data_preprocessor)
        check_integer('model.num_words', num_words, 1)
        self.backbone = MODELS.build(dict(backbone))
        self.reads_cameras = self.backbone.reads_cameras
        self.text = MODELS.build({**text, 'cache': None})
        owners = ('shared',) if self.backbone.shares_tower else MODALITIES
        tower = self.text.tower
        self.prompts = nn.ModuleDict({o: IdentityPrompts(tower, num_classes, template, num_words) for o in owners})
        self.noisy_prototypes = noisy_prototypes
        shape = (NUM_MODALITIES, num_classes, self.backbone.width)
        self.register_buffer('prototypes', torch.zeros(shape), persistent=False)  # made anew before each epoch
        self.contrast_weights = _EARLY
        widths = dict.fromkeys(MODALITIES, self.backbone.width) | dict.fromkeys(_JOINT, self.backbone.out_dim)
        shared = {'each': MODALITIES, 'each_joint': _JOINT}
        self.build_branches(branches, widths, test_features, shared=shared)

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the two features of each modality, and as ``'before'`` the class tokens (B, 3,
        W) of the block before."""
        encoded = self.backbone(zero_absent(images, batch.present), batch.cameras)
        features = {name: encoded.classes[:, m] for m, name in enumerate(MODALITIES)}
        features |= {name: encoded.joint[:, m] for m, name in enumerate(_JOINT)}
        return {**features, 'before': encoded.before}

    def loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Return the losses of the branches, the triplet loss of the last block but one, and the contrasts."""
        features = self.extract(images, batch)
        views = self.identity_views(features, batch)
        before, labels = gather_batch(features['before'].float(), batch.labels)
        losses = self.view_losses(views)
        with torch.autocast(images.device.type, enabled=False):
            texts, everyone = self.encode_identities(labels.unique())
            for m, name in enumerate(MODALITIES):
                losses[f'{name}.loss_before'] = _WEIGHT * batch_hard_triplet(before[:, m], labels, _MARGIN)
                owner = 'shared' if self.backbone.shares_tower else name
                classes, joint = views[name]['feature'], views[_JOINT[m]]['feature']
                contrasts = self.contrast(m, classes, joint, labels, texts[owner], everyone[owner])
                losses |= {f'{name}.loss_{key}': _WEIGHT * value for key, value in contrasts.items()}
                self.prototypes[m] = update_prototypes(self.prototypes[m], classes, labels, _MOMENTUM)
        return losses

    def contrast(
        self, m: int, classes: Tensor, joint: Tensor, labels: Tensor, texts: Tensor, everyone: Tensor
    ) -> dict[str, Tensor]:
        """Return the contrasts of one modality: pictures with prototypes and texts, prototypes with texts.

        Args:
            m: index of the modality.
            classes: (B, W) its class tokens.
            joint: (B, D) the same in the joint space.
            labels: (B,).
            texts: (U, D) text features of the batch's identities in the order of their labels, with gradient.
            everyone: (C, D) those of all identities, without.
        """
        to_prototypes, to_texts = self.contrast_weights
        prototypes = self.prototypes[m].clone()  # they move before the backward pass
        projected = prototypes[labels.unique()] @ self.backbone.tower_of(m).proj.detach()
        return {
            'prototypes': to_prototypes * contrast_prototypes(classes, prototypes, labels, _TEMPERATURE),
            'prompts': contrast_texts(projected, texts),
            'texts': to_texts * nn.functional.cross_entropy(joint @ everyone.t(), labels),
        }

    def encode_identities(self, labels: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return by owner the text features (U, D) of some identities, and (C, D) those of all, without gradient."""
        others = torch.ones(self.num_classes, dtype=torch.bool, device=labels.device).scatter(0, labels, False)
        texts = self._encode(labels)
        with torch.no_grad():
            rest = self._encode(others.nonzero().squeeze(1))
        everyone = {}
        for owner, found in texts.items():
            everyone[owner] = found.new_empty(self.num_classes, found.shape[1])
            everyone[owner][labels], everyone[owner][others] = found.detach(), rest[owner]
        return texts, everyone

    def _encode(self, labels: Tensor) -> dict[str, Tensor]:
        embedded = torch.cat([prompts(labels) for prompts in self.prompts.values()])
        return dict(zip(self.prompts, encode_prompts(self.text.tower, embedded).chunk(len(self.prompts))))

    def before_epoch(self, epoch: int, batches: Callable[[], Iterator[tuple[Tensor, TripletBatch]]]) -> None:
        """Make the prototypes: unit means of each identity's class tokens over the training set, as a test sees it."""
        self.contrast_weights = _EARLY if epoch < _EARLY_EPOCHS else _LATE
        self.train(self.noisy_prototypes)
        sums = torch.zeros_like(self.prototypes)
        counts = sums.new_zeros(sums.shape[:2])
        for images, batch in batches():
            images = zero_absent(images, batch.present)
            classes = self.backbone(images, batch.cameras, adapted=epoch >= _PLAIN_EPOCHS).classes.float()
            there = torch.ones_like(classes[..., 0]) if batch.present is None else batch.present.float()
            sums.index_add_(1, batch.labels, (classes * there.unsqueeze(-1)).transpose(0, 1))
            counts.index_add_(1, batch.labels, there.t())
        all_reduce(sums)
        all_reduce(counts)
        self.prototypes = mean_by_identity(sums, counts)
