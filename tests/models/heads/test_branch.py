"""The identity branch: its losses against formulas, what its options change, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.models import IdentityBranch
from next_mm.models.losses.triplet import batch_hard_triplet
from next_mm.registry import MODELS

F = 12
LABELS = torch.tensor([0, 0, 1, 1, 4, 4])


def build(**options: Any) -> IdentityBranch:
    torch.manual_seed(2)
    losses = {'id': {'type': 'CrossEntropy', 'label_smoothing': 0.1, 'weight': 0.5}, 'triplet': {'type': 'TripletLoss'}}
    return IdentityBranch(**{'feature_dim': F, 'num_classes': 5, 'losses': losses, **options}).train()


@pytest.fixture
def feature() -> Tensor:
    return torch.randn(6, F, generator=torch.Generator().manual_seed(1))


def test_losses_are_cross_entropy_behind_bnneck_and_triplet_before_it(feature: Tensor) -> None:
    branch = build()
    nn.init.normal_(branch.bnneck.weight, mean=1.0)
    losses = branch.loss(feature, LABELS)
    mean, variance = feature.mean(0), feature.var(0, unbiased=False)
    normed = (feature - mean) / (variance + 1e-5).sqrt() * branch.bnneck.weight
    log_probability = (normed @ branch.classifier.weight.t()).log_softmax(1)
    smooth = torch.full((6, 5), 0.1 / 5)
    smooth[torch.arange(6), LABELS] += 0.9
    torch.testing.assert_close(losses['loss_id'], 0.5 * -(smooth * log_probability).sum(1).mean())
    assert torch.equal(losses['loss_triplet'], batch_hard_triplet(feature, LABELS, None))
    hits = log_probability.argmax(1) == LABELS
    assert losses['accuracy'] == 100 * hits.float().mean()
    assert set(losses) == {'loss_id', 'loss_triplet', 'accuracy'}


def test_only_the_losses_of_the_config_are_there(feature: Tensor) -> None:
    branch = build(losses={'only': {'type': 'CrossEntropy'}})
    assert set(branch.loss(feature, LABELS)) == {'loss_only', 'accuracy'}


@MODELS.register_module()
class MeanOfNormed(nn.Module):
    """A loss on the feature behind BNNeck."""

    on = 'normed'

    def forward(self, normed: Tensor, labels: Tensor) -> Tensor:
        """Return the mean."""
        return normed.mean()


@MODELS.register_module()
class OnNothing(nn.Module):
    """A loss that names a view that there is not."""

    on = 'tokens'


def test_a_loss_may_read_the_feature_behind_bnneck(feature: Tensor) -> None:
    branch = build(losses={'mean': {'type': 'MeanOfNormed'}}, bnneck_bias=True)
    nn.init.constant_(branch.bnneck.bias, 3.0)
    torch.testing.assert_close(branch.loss(feature, LABELS)['loss_mean'], torch.tensor(3.0))


def test_every_parameter_learns_but_the_bias_of_bnneck(feature: Tensor) -> None:
    branch = build()
    losses = branch.loss(feature, LABELS)
    (losses['loss_id'] + losses['loss_triplet']).backward()
    learning = {name: parameter.grad for name, parameter in branch.named_parameters() if parameter.requires_grad}
    assert set(learning) == {'bnneck.weight', 'classifier.weight'}
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in learning.values())


def test_biases_by_option(feature: Tensor) -> None:
    branch = build(bnneck_bias=True, classifier_bias=True)
    branch.loss(feature, LABELS)['loss_id'].backward()
    assert branch.classifier.bias.grad.abs().sum() > 0
    assert branch.bnneck.bias.grad.abs().sum() > 0


def test_without_bnneck_the_classifier_reads_the_feature(feature: Tensor) -> None:
    branch = build(bnneck=False)
    assert torch.equal(branch.views(feature)['logits'], branch.classifier(feature))
    assert torch.equal(build(bnneck=False, test='after').test_feature(feature), feature)


def test_the_test_feature_is_before_or_behind_bnneck(feature: Tensor) -> None:
    assert torch.equal(build().eval().test_feature(feature), feature)
    branch = build(test='after')
    branch.loss(feature, LABELS)  # moves the running statistics
    branch.eval()
    neck = branch.bnneck
    expected = (feature - neck.running_mean) / (neck.running_var + neck.eps).sqrt() * neck.weight
    torch.testing.assert_close(branch.test_feature(feature), expected)
    assert not torch.equal(branch.test_feature(feature), feature)


def test_losses_are_computed_in_full_precision_under_autocast(feature: Tensor) -> None:
    expected = build().loss(feature, LABELS)
    with torch.autocast('cpu', torch.bfloat16):
        actual = build().loss(feature, LABELS)
    assert all(torch.equal(expected[name], actual[name]) for name in expected)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_classes=0), 'IdentityBranch.num_classes=0: expected a whole number from 1'),
        (dict(test='both'), "IdentityBranch.test='both': expected one of 'before', 'after'"),
        (dict(losses={'id': dict(type='CrossEntropy', label_smoothing=2)}), 'CrossEntropy.label_smoothing=2: expected'),
        (
            dict(losses={'none': dict(type='OnNothing')}),
            "IdentityBranch.losses.none.on='tokens': expected one of 'feature', 'normed', 'logits'",
        ),
    ],
)
def test_wrong_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(**options)
