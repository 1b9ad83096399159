"""The identity branch: BNNeck, classifier and losses over one identity feature (Luo et al., "Bag of Tricks", CVPRW 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from next_mm.models.heads.gather import gather_batch
from next_mm.registry import MODELS
from next_mm.utils.options import check_choice, check_number

VIEWS = ('feature', 'normed', 'logits')
"""What a loss can read: the feature, the feature behind BNNeck, the classifier's logits."""


class IdentityBranch(BaseModule):
    """Learn from one identity feature, and say which form of it is compared in a test.

    Args:
        feature_dim: width F of the feature.
        num_classes: number C of training identities.
        losses: name to config of a loss; its class names the view that it reads, one of :data:`VIEWS`, in ``on``.
        test: the feature ``'before'`` or ``'after'`` BNNeck is the test feature.
        test_weight: factor on the feature where it is part of the test feature.
        bnneck: whether there is a BNNeck; without one the classifier reads the feature itself.
        bnneck_bias: whether BNNeck's bias learns; "Bag of Tricks" has no shift before the classifier.
        classifier_bias: whether the classifier has a bias.
        across_ranks: in distributed training gather the batch over the ranks before BNNeck and the losses, so that several
            processes compute what one would on the global batch; otherwise statistics and triplets are a rank's own.

    Raises:
        ConfigError: an option is out of range.
    """

    def __init__(
        self,
        *,
        feature_dim: int,
        num_classes: int,
        losses: Mapping[str, Mapping[str, Any]],
        test: Literal['before', 'after'] = 'before',
        test_weight: float = 1.0,
        bnneck: bool = True,
        bnneck_bias: bool = False,
        classifier_bias: bool = False,
        across_ranks: bool = True,
    ) -> None:
        super().__init__()
        check_number('IdentityBranch.num_classes', num_classes, 1)
        check_choice('IdentityBranch.test', test, ('before', 'after'))
        self.feature_dim = feature_dim
        self.num_classes = num_classes
        self.test = test
        self.test_weight = test_weight
        self.across_ranks = across_ranks
        self.bnneck: nn.Module = nn.BatchNorm1d(feature_dim) if bnneck else nn.Identity()
        if bnneck and not bnneck_bias:
            self.bnneck.bias.requires_grad_(False)
        self.classifier = nn.Linear(feature_dim, num_classes, bias=classifier_bias)
        nn.init.normal_(self.classifier.weight, std=0.001)
        if classifier_bias:
            nn.init.zeros_(self.classifier.bias)
        self.losses = nn.ModuleDict({name: MODELS.build(dict(loss)) for name, loss in losses.items()})
        for name, loss in self.losses.items():
            check_choice(f'IdentityBranch.losses.{name}.on', loss.on, VIEWS)

    def views(self, feature: Tensor) -> dict[str, Tensor]:
        """Return the three views, see :data:`VIEWS`, of a feature (B, F)."""
        normed = self.bnneck(feature)
        return {'feature': feature, 'normed': normed, 'logits': self.classifier(normed)}

    def loss(self, feature: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Apply each loss to its view, in full precision.

        Args:
            feature: (B, F) identity features.
            labels: (B,) identity labels, 0 to ``num_classes - 1``.

        Returns:
            ``loss_<name>`` of each loss, and the classifier's ``accuracy`` in percent.
        """
        return self.view_losses(self.batch_views(feature, labels))

    def batch_views(self, feature: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return the views of the whole batch in full precision, and its ``labels``; arguments as in :meth:`loss`."""
        with torch.autocast(feature.device.type, enabled=False):
            feature = feature.to(self.classifier.weight.dtype)
            if self.across_ranks:
                feature, labels = gather_batch(feature, labels)
            return {**self.views(feature), 'labels': labels}

    def view_losses(self, views: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Apply each loss to its view; ``views`` as of :meth:`batch_views`, the result as of :meth:`loss`."""
        labels = views['labels']
        with torch.autocast(labels.device.type, enabled=False):
            losses = {f'loss_{name}': loss(views[loss.on], labels) for name, loss in self.losses.items()}
        losses['accuracy'] = (views['logits'].detach().argmax(dim=1) == labels).float().mean() * 100
        return losses

    def test_feature(self, feature: Tensor) -> Tensor:
        """Return the feature (B, F) before or after BNNeck, as ``test`` says, times its weight."""
        feature = self.bnneck(feature) if self.test == 'after' else feature
        return feature if self.test_weight == 1 else self.test_weight * feature
