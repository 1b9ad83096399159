"""MGFA against slow loops in double precision (Eq. 10-11), and the identity losses (Eq. 12)."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from next_mm.methods.next import ExpertFeatures, MGFAHead
from next_mm.models import ClassTokenHead
from next_mm.models.backbones import VisualFeatures

B, N, D, E, HEADS = 2, 4, 16, 3, 4


@pytest.fixture
def visual() -> VisualFeatures:
    generator = torch.Generator().manual_seed(0)
    return VisualFeatures(
        torch.randn(B, 3, D, generator=generator, dtype=torch.float64),
        torch.randn(B, 3, N, D, generator=generator, dtype=torch.float64),
    )


@pytest.fixture
def experts() -> ExpertFeatures:
    generator = torch.Generator().manual_seed(1)
    return ExpertFeatures([torch.randn(B, 3 * N, D, generator=generator, dtype=torch.float64) for _ in range(E)])


def build(**kwargs: object) -> MGFAHead:
    torch.manual_seed(2)
    head = (
        MGFAHead(**{'dim': D, 'num_heads': HEADS, 'num_classes': 5, 'triplet': {'type': 'TripletLoss'}, **kwargs})
        .double()
        .eval()
    )
    torch.nn.init.normal_(head.norm.weight, mean=1.0)
    torch.nn.init.normal_(head.norm.bias)
    return head


def slow_attention(head: MGFAHead, query: Tensor, tokens: Tensor) -> Tensor:
    """Multi-head attention of one query over (T, D) tokens, as the textbook has it."""
    attention, width = head.attention, D // HEADS
    q = attention.query(query)
    out = torch.zeros(D, dtype=torch.float64)
    for h in range(HEADS):
        part = slice(h * width, (h + 1) * width)
        keys = [attention.key.weight[part] @ token for token in tokens]
        values = [attention.value.weight[part] @ token + attention.value.bias[part] for token in tokens]
        scores = [math.exp(float(q[part] @ key) / math.sqrt(width)) for key in keys]
        out[part] = sum(score / sum(scores) * value for score, value in zip(scores, values))
    return attention.out(out)


@pytest.mark.parametrize('absent', [None, 0, 2])
def test_equals_a_slow_loop(visual: VisualFeatures, experts: ExpertFeatures, absent: int | None) -> None:
    head = build()
    present = None
    if absent is not None:
        present = torch.ones(B, 3, dtype=torch.bool)
        present[0, absent] = False
    feature = head(visual, experts, present).view(B, 3, D)
    for b in range(B):
        modalities = [m for m in range(3) if present is None or present[b, m]]
        seen = [m * N + n for m in modalities for n in range(N)]
        for m in range(3):
            expected = torch.zeros(D, dtype=torch.float64)
            if m in modalities:
                answers = [slow_attention(head, visual.classes[b, m], f[b, seen]) for f in experts.features]
                expected = sum(head.ffn(head.norm(answer)) for answer in answers) / E
            torch.testing.assert_close(feature[b, m], expected, rtol=1e-10, atol=1e-10)


def test_attention_is_torchs_multi_head_attention(visual: VisualFeatures, experts: ExpertFeatures) -> None:
    attention = build().attention
    reference = torch.nn.MultiheadAttention(D, HEADS, batch_first=True).double()
    with torch.no_grad():
        weights = [attention.query.weight, attention.key.weight, attention.value.weight]
        reference.in_proj_weight.copy_(torch.cat(weights))
        reference.in_proj_bias.copy_(torch.cat([attention.query.bias, torch.randn(D), attention.value.bias]))
        reference.out_proj.weight.copy_(attention.out.weight)
        reference.out_proj.bias.copy_(attention.out.bias)
    tokens = experts.features[0]
    expected, _ = reference(visual.classes, tokens, tokens)
    actual = attention(attention.project_queries(visual.classes), tokens)
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)  # whatever the key bias is


def test_every_parameter_learns() -> None:
    head = build().train()
    visual = VisualFeatures(*(torch.randn(6, 3, *shape, dtype=torch.float64) for shape in ((D,), (N, D))))
    experts = ExpertFeatures([torch.randn(6, 3 * N, D, dtype=torch.float64) for _ in range(E)])
    losses = head.loss(head(visual, experts), torch.tensor([0, 0, 1, 1, 2, 2]))
    (losses['loss_id'] + losses['loss_triplet']).backward()
    learning = {name: p.grad for name, p in head.named_parameters() if p.requires_grad}
    assert 'bnneck.bias' not in learning
    assert not [name for name, grad in learning.items() if grad is None or not grad.abs().sum() > 0]


def test_needs_a_neck(visual: VisualFeatures) -> None:
    with pytest.raises(ValueError, match='MGFAHead aggregates the features of a neck'):
        build()(visual, None)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match='num_heads=5 does not divide the token width 16'):
        build(num_heads=5)


def test_loss_is_cross_entropy_behind_bnneck_plus_triplet() -> None:
    head = build(label_smoothing=0.1, id_weight=0.5).float().train()
    feature, labels = torch.randn(6, 3 * D), torch.tensor([0, 0, 1, 1, 4, 4])
    losses = head.loss(feature, labels)
    mean, variance = feature.mean(0), feature.var(0, unbiased=False)
    normed = (feature - mean) / (variance + 1e-5).sqrt() * head.bnneck.weight
    log_probability = (normed @ head.classifier.weight.t()).log_softmax(1)
    smooth = torch.full((6, 5), 0.1 / 5)
    smooth[torch.arange(6), labels] += 0.9
    torch.testing.assert_close(losses['loss_id'], 0.5 * -(smooth * log_probability).sum(1).mean())
    assert losses['loss_triplet'] > 0
    assert 'loss_triplet' not in build(triplet=None).float().train().loss(feature, labels)


def test_loss_is_computed_in_full_precision_under_autocast() -> None:
    head = build().float().train()
    feature, labels = torch.randn(6, 3 * D), torch.tensor([0, 0, 1, 1, 4, 4])
    expected = head.loss(feature, labels)
    with torch.autocast('cpu', torch.bfloat16):
        actual = head.loss(feature, labels)
    assert all(torch.equal(expected[name], actual[name]) for name in expected)


def test_baseline_feature_is_the_class_tokens(visual: VisualFeatures) -> None:
    head = ClassTokenHead(dim=D, num_classes=5, triplet=None)
    assert torch.equal(head(visual, None), visual.classes.flatten(1))
    present = torch.tensor([[True, False, True]] * B)
    feature = head(visual, None, present).view(B, 3, D)
    assert feature[:, 1].abs().max() == 0 and torch.equal(feature[:, 2], visual.classes[:, 2])
    assert F.normalize(feature.flatten(1)).isfinite().all()
