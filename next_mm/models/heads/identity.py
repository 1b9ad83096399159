"""Identity heads: BNNeck, classifier and losses on a triplet's identity feature (Sec. III-E, Eq. 12)."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from next_mm.models.backbones.features import VisualFeatures
from next_mm.models.heads.gather import gather_batch
from next_mm.models.necks.multi_grained import ExpertFeatures
from next_mm.option_checks import check_number
from next_mm.registry import MODELS
from next_mm.structures import NUM_MODALITIES


class IdentityHead(BaseModule):
    """Base of the heads: a subclass says what the identity feature is, this class learns from it.

    Args:
        feature_dim: width F of the identity feature.
        num_classes: number of training identities.
        label_smoothing: smoothing of the cross entropy.
        id_weight: factor on the cross entropy.
        triplet: config of the triplet loss on the feature before BNNeck, or ``None``.
        across_ranks: in distributed training gather the batch over the ranks before BNNeck and the losses, so that several processes
            compute what one would on the global batch; otherwise statistics and triplets are a rank's own.

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(
        self,
        *,
        feature_dim: int,
        num_classes: int,
        label_smoothing: float = 0.1,
        id_weight: float = 1.0,
        triplet: dict[str, Any] | None,
        across_ranks: bool = True,
    ) -> None:
        super().__init__()
        check_number(f'{type(self).__name__}.num_classes', num_classes, 1)
        check_number(f'{type(self).__name__}.label_smoothing', label_smoothing, 0, 1)
        self.num_classes = num_classes
        self.label_smoothing = label_smoothing
        self.id_weight = id_weight
        self.across_ranks = across_ranks
        self.triplet = MODELS.build(triplet) if triplet else None
        self.bnneck = nn.BatchNorm1d(feature_dim)
        self.bnneck.bias.requires_grad_(
            False
        )  # Luo et al., "Bag of Tricks" (CVPRW 2019): no shift before the classifier
        self.classifier = nn.Linear(feature_dim, num_classes, bias=False)
        nn.init.normal_(self.classifier.weight, std=0.001)

    def forward(self, visual: VisualFeatures, experts: ExpertFeatures | None, present: Tensor | None = None) -> Tensor:
        """Return the identity feature (B, F) before BNNeck; the test feature."""
        raise NotImplementedError

    def loss(self, feature: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Cross entropy behind BNNeck and triplet loss before it (Eq. 12), in full precision.

        Args:
            feature: (B, F) identity features.
            labels: (B,) identity labels, 0 to ``num_classes - 1``.
        """
        with torch.autocast(feature.device.type, enabled=False):
            feature = feature.to(self.classifier.weight.dtype)
            if self.across_ranks:
                feature, labels = gather_batch(feature, labels)
            logits = self.classifier(self.bnneck(feature))
            losses = {'loss_id': self.id_weight * F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)}
            if self.triplet is not None:
                losses['loss_triplet'] = self.triplet(feature, labels)
            losses['accuracy'] = (logits.detach().argmax(dim=1) == labels).float().mean() * 100
        return losses


@MODELS.register_module()
class ClassTokenHead(IdentityHead):
    """The plain baseline (Table IV a): the identity feature is the concatenation of the three class tokens.

    Args:
        dim: token width D; given by the model from its backbone. The other arguments are those of :class:`IdentityHead`.
    """

    def __init__(self, *, dim: int, **kwargs: Any) -> None:
        super().__init__(feature_dim=NUM_MODALITIES * dim, **kwargs)

    def forward(self, visual: VisualFeatures, experts: ExpertFeatures | None, present: Tensor | None = None) -> Tensor:
        """Concatenate the class tokens (B, 3, D); an absent modality's part is zero."""
        classes = visual.classes
        if present is not None:
            classes = classes * present.unsqueeze(-1)
        return classes.flatten(1)
