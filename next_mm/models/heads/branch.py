"""The identity branch: BNNeck (Luo et al., CVPRW 2019), classifier and losses over one identity feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from mmengine.dist import get_world_size
from mmengine.model import BaseModule
from torch import Tensor, nn

from next_mm.models.heads.gather import gather_batch
from next_mm.models.losses.build import build_loss
from next_mm.triplet import UNKNOWN
from next_mm.utils.options import check_choice, check_integer, check_number

VIEWS = ('feature', 'normed', 'logits')
"""What a loss can read: the feature, the feature behind BNNeck, the classifier's logits."""


class IdentityBranch(BaseModule):
    """Learn from one identity feature, and say which form of it is compared in a test.

    Args:
        feature_dim: width F of the feature.
        num_classes: number C of training identities.
        losses: name to config of a loss; its class names the view that it reads, one of :data:`VIEWS`, in ``on``.
        test: what is compared in a test: the feature ``'before'`` or ``'after'`` BNNeck, or the ``'logits'``, as wide
            as there are training identities.
        test_weight: factor on the feature where it is part of the test feature.
        bnneck: whether there is a BNNeck; without one the classifier reads the feature itself.
        bnneck_bias: whether BNNeck's bias learns; "Bag of Tricks" has no shift before the classifier.
        classifier: whether there is a classifier; without one no loss may read logits.
        classifier_bias: whether the classifier has a bias.
        across_ranks: in distributed training gather the batch over the ranks before BNNeck and the losses, so that
            several processes compute what one would on the global batch; otherwise statistics and triplets are
            a rank's own.

    Raises:
        ConfigError: an option is out of range.
    """

    def __init__(
        self,
        *,
        feature_dim: int,
        num_classes: int,
        losses: Mapping[str, Mapping[str, Any]],
        test: Literal['before', 'after', 'logits'] = 'before',
        test_weight: float = 1.0,
        bnneck: bool = True,
        bnneck_bias: bool = False,
        classifier: bool = True,
        classifier_bias: bool = False,
        across_ranks: bool = True,
    ) -> None:
        super().__init__()
        check_integer('IdentityBranch.num_classes', num_classes, 1)
        check_number('IdentityBranch.test_weight', test_weight, 0, above=True)
        check_choice('IdentityBranch.test', test, ('before', 'after', 'logits'))
        self.feature_dim = feature_dim
        self.num_classes = num_classes
        self.test = test
        self.test_weight = test_weight
        self.across_ranks = across_ranks
        self.bnneck: nn.Module = nn.BatchNorm1d(feature_dim) if bnneck else nn.Identity()
        if bnneck and not bnneck_bias:
            self.bnneck.bias.requires_grad_(False)
        self.classifier = nn.Linear(feature_dim, num_classes, bias=classifier_bias) if classifier else None
        if self.classifier is not None:
            nn.init.normal_(self.classifier.weight, std=0.001)
            if classifier_bias:
                nn.init.zeros_(self.classifier.bias)
        self.losses = nn.ModuleDict({name: build_loss(loss, feature_dim, num_classes) for name, loss in losses.items()})
        for name, loss in self.losses.items():
            check_choice(f'IdentityBranch.losses.{name}.on', loss.on, VIEWS if classifier else VIEWS[:2])

    def views(self, feature: Tensor) -> dict[str, Tensor]:
        """Return the views, see :data:`VIEWS`, of a feature (B, F); without a classifier there are no logits."""
        normed = self.bnneck(feature)
        views = {'feature': feature, 'normed': normed}
        return views if self.classifier is None else {**views, 'logits': self.classifier(normed)}

    def loss(self, feature: Tensor, labels: Tensor, counted: Tensor | None = None) -> dict[str, Tensor]:
        """Apply each loss to its view, in full precision.

        Args:
            feature: (B, F) identity features.
            labels: (B,) identity labels, 0 to ``num_classes - 1``.
            counted: (B,) bool, the samples that BNNeck and the losses see, ``None`` for all. Fewer than two have no
                variance: every loss is zero then.

        Returns:
            ``loss_<name>`` of each loss, and the ``accuracy`` of the classifier, if there is one, in percent.
        """
        return self.view_losses(self.batch_views(feature, labels, counted))

    def batch_views(self, feature: Tensor, labels: Tensor, counted: Tensor | None = None) -> dict[str, Tensor]:
        """Return the views of what counts of the whole batch in full precision, and its ``labels``.

        Arguments as in :meth:`loss`. Where too few count there is the view ``'feature'`` alone.
        """
        with torch.autocast(feature.device.type, enabled=False):
            feature = feature.float() if feature.dtype in (torch.float16, torch.bfloat16) else feature
            if counted is not None:
                labels = labels.masked_fill(~counted, UNKNOWN)
            if self.across_ranks:
                feature, labels = gather_batch(feature, labels)
            if counted is not None or (self.across_ranks and get_world_size() > 1):  # another rank may leave some out
                rows = labels != UNKNOWN
                feature, labels = feature[rows], labels[rows]
            if counted is not None and len(labels) < 2:
                return {'feature': feature, 'labels': labels}
            return {**self.views(feature), 'labels': labels}

    def view_losses(self, views: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Apply each loss to its view; ``views`` as of :meth:`batch_views`, the result as of :meth:`loss`."""
        labels = views['labels']
        if 'normed' not in views:
            return {f'loss_{name}': views['feature'].sum() * 0 for name in self.losses}
        with torch.autocast(labels.device.type, enabled=False):
            losses = {f'loss_{name}': loss(views[loss.on], labels) for name, loss in self.losses.items()}
        if 'logits' in views:
            losses['accuracy'] = (views['logits'].detach().argmax(dim=1) == labels).float().mean() * 100
        return losses

    @property
    def test_dim(self) -> int:
        """Width of the test feature."""
        return self.num_classes if self.test == 'logits' else self.feature_dim

    def test_feature(self, feature: Tensor) -> Tensor:
        """Return what ``test`` names, (B, F) or (B, C), times its weight."""
        if self.test != 'before':
            feature = self.bnneck(feature)
        if self.test == 'logits' and self.classifier is not None:
            feature = self.classifier(feature)
        return feature if self.test_weight == 1 else self.test_weight * feature
