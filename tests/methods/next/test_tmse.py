"""TMSE and its routing against slow loops in double precision (Eq. 1-7)."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from next_mm.methods.next import TMSE
from next_mm.methods.next.experts import ExpertSet
from next_mm.methods.next.routing import TextModulator, sample_tokens, sample_top_tokens
from next_mm.methods.next.terms import write_out

B, N, D, E, TEXT = 3, 6, 16, 3, 16


@pytest.fixture
def inputs() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return {'classes': draw(B, 3, D), 'tokens': draw(B, 3, N, D), 'text': draw(B, E, 3, TEXT)}


def build(**kwargs: object) -> TMSE:
    torch.manual_seed(1)
    tmse = TMSE(**{'dim': D, 'text_dim': TEXT, 'num_experts': E, **kwargs}).double().eval()
    for name, parameter in tmse.named_parameters():  # scales and shifts away from 1 and 0, where mistakes hide
        if 'norm' in name:
            torch.nn.init.normal_(parameter, mean=1.0)
    return tmse


def slow_expert(experts: ExpertSet, expert: int, token: Tensor) -> Tensor:
    """E(F) = MLP(LN(F)) + F for one token (Eq. 1)."""
    mean = sum(token) / len(token)
    variance = sum((value - mean) ** 2 for value in token) / len(token)
    normed = (token - mean) / math.sqrt(variance + 1e-5) * experts.norm_weight[expert] + experts.norm_bias[expert]
    hidden = [F.gelu(row @ normed + bias) for row, bias in zip(experts.weight1[expert], experts.bias1[expert])]
    return experts.weight2[expert] @ torch.stack(hidden) + experts.bias2[expert] + token


def slow_tmse(tmse: TMSE, classes: Tensor, tokens: Tensor, text: Tensor | None) -> tuple[Tensor, Tensor]:
    features = torch.zeros(E, B, 3 * N, D, dtype=torch.float64)
    masks = torch.zeros(E, B, 3, N, dtype=torch.float64)
    for e in range(E):
        for b in range(B):
            for m in range(3):
                which = m if len(tmse.routes) == 3 else 0
                route, threshold = tmse.routes[which], tmse.thresholds[which]
                sigma = threshold.fc2.weight[e] @ F.gelu(threshold.fc1(classes[b, m])) + threshold.fc2.bias[e]
                for n in range(N):
                    token = tokens[b, m, n]
                    gamma = alpha = route.fc2.weight[e] @ F.gelu(route.fc1(token)) + route.fc2.bias[e]
                    if text is not None:
                        caption = text[b, e if text.shape[1] == E else 0, m]
                        beta = caption @ token / (caption.norm() * token.norm())
                        modulator = tmse.modulator
                        hidden = F.gelu(
                            alpha * modulator.weight3[e, which, 0]
                            + beta * modulator.weight3[e, which, 1]
                            + modulator.bias3[e, which, 0]
                        )
                        gamma = hidden @ modulator.weight4[e, which, :, 0] + modulator.bias4[e, which, 0, 0] + alpha
                    if gamma > sigma:
                        masks[e, b, m, n] = 1
                        features[e, b, m * N + n] = slow_expert(tmse.experts, e, token)
    return features, masks


@pytest.mark.parametrize('router', ['multi', 'share'])
@pytest.mark.parametrize('subsets', [E, 1, None])
def test_equals_a_slow_loop(inputs: dict[str, Tensor], router: str, subsets: int | None) -> None:
    tmse = build(router=router, text_dim=None if subsets is None else TEXT)
    text = None if subsets is None else inputs['text'][:, :subsets]
    output = tmse(inputs['classes'], inputs['tokens'], text)
    features, masks = slow_tmse(tmse, inputs['classes'], inputs['tokens'], text)
    assert 0 < masks.mean() < 1
    torch.testing.assert_close(output.masks, masks, rtol=0, atol=0)
    torch.testing.assert_close(
        torch.stack([write_out(feature) for feature in output.features]), features, rtol=1e-10, atol=1e-10
    )


def test_sampling_reaches_router_and_threshold() -> None:
    route = torch.randn(3, 5, requires_grad=True)
    threshold = torch.zeros(3, 1, requires_grad=True)
    mask = sample_tokens(route, threshold)
    assert set(mask.unique().tolist()) <= {0.0, 1.0}
    mask.sum().backward()
    assert route.grad.abs().min() > 0 and threshold.grad.abs().min() > 0


def test_sampling_gradient_is_the_sigmoids() -> None:
    route, threshold = (
        torch.randn(2, 4, dtype=torch.float64, requires_grad=True),
        torch.zeros(2, 1, dtype=torch.float64),
    )
    sample_tokens(route, threshold, temperature=0.5).sum().backward()
    soft = (route / 0.5).sigmoid()
    torch.testing.assert_close(route.grad, (soft * (1 - soft) / 0.5).detach())


@pytest.mark.parametrize(('share', 'count'), [(0.5, 4), (0.01, 1), (1.0, 8), (0.3, 2)])
def test_top_share_takes_exactly_its_tokens(share: float, count: int) -> None:
    route = torch.randn(3, 8, requires_grad=True)
    mask = sample_top_tokens(route, share)
    assert (mask.sum(dim=-1) == count).all()
    assert (route.where(mask > 0, torch.inf).amin(-1) >= route.where(mask == 0, -torch.inf).amax(-1)).all()
    mask.sum().backward()
    assert route.grad.abs().min() > 0


@pytest.mark.parametrize('sampling', ['dynamic', 'fixed', 'topk', 'all'])
@pytest.mark.parametrize('text_dim', [TEXT, 24, None])
@pytest.mark.parametrize('router', ['multi', 'share'])
def test_every_parameter_learns(inputs: dict[str, Tensor], sampling: str, text_dim: int | None, router: str) -> None:
    """Router, modulator and threshold included: the straight-through gradient reaches them."""
    tmse = build(sampling=sampling, text_dim=text_dim, router=router)
    text = None if text_dim is None else torch.randn(B, E, 3, text_dim, dtype=torch.float64)
    output = tmse(inputs['classes'], inputs['tokens'], text)
    sum((feature * torch.randn_like(feature)).sum() for feature in map(write_out, output.features)).backward()
    untouched = [name for name, p in tmse.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not untouched


def test_all_tokens_and_top_share_masks(inputs: dict[str, Tensor]) -> None:
    assert build(sampling='all')(**inputs).masks.min() == 1
    assert (build(sampling='topk', top_share=0.5)(**inputs).masks.sum(-1) == N // 2).all()


def test_fixed_threshold_is_used(inputs: dict[str, Tensor]) -> None:
    assert build(sampling='fixed', fixed_threshold=-100.0)(**inputs).masks.min() == 1
    assert build(sampling='fixed', fixed_threshold=100.0)(**inputs).masks.max() == 0


def test_captions_matter(inputs: dict[str, Tensor]) -> None:
    tmse = build()
    route = tmse.modulator(
        torch.zeros(E, B, 3, N, dtype=torch.float64), tmse._beta(inputs['tokens'], inputs['text'], None)
    )
    other = tmse.modulator(
        torch.zeros(E, B, 3, N, dtype=torch.float64), tmse._beta(inputs['tokens'], -inputs['text'], None)
    )
    assert not torch.allclose(route, other)


@pytest.mark.parametrize('dim', [16, 18])
def test_a_gain_starts_with_that_slope_in_the_similarity(dim: int) -> None:
    """gamma = (1 + c) alpha + gain * beta, c apart for each expert and modality."""
    modulator = TextModulator(num_experts=E, num_routers=3, hidden=dim // 2, gain=7.0).double()
    alpha, beta = torch.randn(2, E, B, 3, N, dtype=torch.float64).unbind()
    torch.testing.assert_close(modulator(torch.zeros_like(alpha), beta), 7.0 * beta, rtol=1e-5, atol=1e-5)
    factor = (modulator(alpha, beta) - 7.0 * beta) / alpha
    torch.testing.assert_close(factor, factor[:, :1, :, :1].expand_as(factor), rtol=1e-3, atol=1e-3)
    assert len({round(value, 2) for value in factor[:, 0, :, 0].flatten().tolist()}) == 3 * E
    assert sum(not torch.equal(one, other) for one, other in zip(modulator.weight3[0], modulator.weight3[1])) == 3


def test_with_a_gain_the_described_tokens_come_first_and_every_parameter_learns(inputs: dict[str, Tensor]) -> None:
    tmse = build(sampling='topk', text_gain=1e3)
    inputs['text'] = inputs['tokens'][:, None, :, 2].repeat(1, E, 1, 1)  # each caption is that of its third token
    output = tmse(**inputs)
    assert output.masks[..., 2].min() == 1
    sum((feature * torch.randn_like(feature)).sum() for feature in map(write_out, output.features)).backward()
    assert not [name for name, p in tmse.named_parameters() if not p.grad.abs().sum() > 0]


def test_a_gain_is_positive_and_means_nothing_without_text() -> None:
    with pytest.raises(ValueError, match=r'TMSE.text_gain=0: expected a number above 0'):
        build(text_gain=0)
    assert build(text_gain=5.0, text_dim=None).modulator is None


def test_a_missing_caption_says_nothing(inputs: dict[str, Tensor]) -> None:
    """Whatever stands where a caption is missing must not change the masks."""
    tmse = build()
    has_text = torch.tensor([[True, False, True]] * B)
    garbled = inputs['text'].clone()
    garbled[:, :, 1] = 1e3
    masks = tmse(**inputs, has_text=has_text).masks
    torch.testing.assert_close(tmse(**{**inputs, 'text': garbled}, has_text=has_text).masks, masks)
    beta = tmse._beta(inputs['tokens'], inputs['text'], has_text)
    assert beta[:, :, 1].abs().max() == 0 and beta[:, :, 0].abs().min() > 0


def test_an_absent_modality_gives_no_tokens(inputs: dict[str, Tensor]) -> None:
    present = torch.tensor([[True, True, False]] * B)
    output = build()(**inputs, present=present)
    assert output.masks[:, :, 2].max() == 0
    assert all(write_out(feature)[:, 2 * N :].abs().max() == 0 for feature in output.features)


def test_tokens_that_are_not_sampled_are_not_computed(inputs: dict[str, Tensor]) -> None:
    tmse = build()
    expected = tmse(**inputs)  # something may learn, so that everything is computed
    with torch.no_grad():
        found = tmse(**inputs)
    assert expected.masks.min() == 0
    for mask, one, other in zip(expected.masks.flatten(2), found.features, expected.features):
        torch.testing.assert_close(write_out(one), write_out(other), rtol=1e-12, atol=1e-12)
        assert torch.equal(one[1].tokens.abs().amax(dim=-1) > 0, mask > 0)
        assert other[1].tokens.abs().amax(dim=-1).min() > 0


def test_wrong_number_of_subsets_is_named(inputs: dict[str, Tensor]) -> None:
    with pytest.raises(
        ValueError, match='TMSE has 3 experts and reads 1 or 3 caption subsets a sample, got 2; set SampleSentences'
    ):
        build()(inputs['classes'], inputs['tokens'], inputs['text'][:, :2])


@pytest.mark.parametrize(('key', 'value'), [('sampling', 'random'), ('router', 'both')])
def test_unknown_choices_are_named(key: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"TMSE.{key}='{value}': expected one of"):
        build(**{key: value})


def test_dropout_acts_in_training_only(inputs: dict[str, Tensor]) -> None:
    tmse = build(dropout=0.5, sampling='all')
    assert torch.equal(write_out(tmse(**inputs).features[0]), write_out(tmse(**inputs).features[0]))
    tmse.train()
    assert not torch.equal(write_out(tmse(**inputs).features[0]), write_out(tmse(**inputs).features[0]))
