"""MGFA against slow loops in double precision (Eq. 10-11)."""

import math

import pytest
import torch
from torch import Tensor

from next_mm.methods.next import ExpertFeatures, MGFAHead
from next_mm.methods.next.terms import Feature, Term, write_out
from next_mm.models.backbones import VisualFeatures

B, N, D, E, HEADS = 2, 4, 16, 3, 4


@pytest.fixture
def visual() -> VisualFeatures:
    generator = torch.Generator().manual_seed(0)
    return VisualFeatures(
        torch.randn(B, 3, D, generator=generator, dtype=torch.float64),
        torch.randn(B, 3, N, D, generator=generator, dtype=torch.float64),
    )


@pytest.fixture(params=['written out', 'in terms'])
def experts(request: pytest.FixtureRequest) -> ExpertFeatures:
    generator = torch.Generator().manual_seed(1)
    if request.param == 'in terms':
        return ExpertFeatures([make_terms(generator) for _ in range(E)])
    return ExpertFeatures(
        [[Term(torch.randn(B, 3 * N, D, generator=generator, dtype=torch.float64))] for _ in range(E)]
    )


def make_terms(generator: torch.Generator) -> Feature:
    """A feature of gated and plain terms, with a weight and a bias or without."""
    tokens, hidden, gate, mask, weight, bias = (
        torch.randn(shape, generator=generator, dtype=torch.float64)
        for shape in ((B, 3 * N, D), (B, 3 * N, 2 * D), (B, 3 * N), (B, 3 * N), (D, 2 * D), (D,))
    )
    hidden = hidden / 4
    return [Term(tokens), Term(tokens, gate=gate), Term(hidden, weight, bias, gate), Term(hidden, weight, None, mask)]


def build(num_heads: int = HEADS) -> MGFAHead:
    torch.manual_seed(2)
    head = MGFAHead(dim=D, num_heads=num_heads).double().eval()
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
                answers = [slow_attention(head, visual.classes[b, m], write_out(f)[b, seen]) for f in experts.features]
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
    tokens = write_out(experts.features[0])
    expected, _ = reference(visual.classes, tokens, tokens)
    actual = attention(attention.project_queries(visual.classes), [Term(tokens)])
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)  # whatever the key bias is


def test_every_parameter_learns() -> None:
    head = build().train()
    visual = VisualFeatures(*(torch.randn(6, 3, *shape, dtype=torch.float64) for shape in ((D,), (N, D))))
    experts = ExpertFeatures([[Term(torch.randn(6, 3 * N, D, dtype=torch.float64))] for _ in range(E)])
    (head(visual, experts) * torch.randn(6, 3 * D, dtype=torch.float64)).sum().backward()
    assert not [name for name, p in head.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match='num_heads=5: expected a number that divides the token width 16'):
        build(num_heads=5)
