"""CSSE against a slow loop in double precision (Eq. 8-9)."""

import math

import pytest
import torch

from next_mm.methods.next import CSSE
from next_mm.methods.next.terms import write_out
from tests.methods.next.test_tmse import slow_expert

B, N, D, E = 2, 5, 16, 4


def build(router: str) -> CSSE:
    torch.manual_seed(1)
    csse = CSSE(dim=D, num_experts=E, router=router).double().eval()
    torch.nn.init.normal_(csse.experts.norm_weight, mean=1.0)
    torch.nn.init.normal_(csse.experts.norm_bias)
    return csse


@pytest.mark.parametrize('router', ['share', 'multi'])
def test_equals_a_slow_loop(router: str) -> None:
    csse = build(router)
    tokens = torch.randn(B, 3, N, D, dtype=torch.float64)
    output = csse.requires_grad_(False)(tokens)
    features = write_out(output.feature)
    assert len(csse.routes) == (1 if router == 'share' else 3)
    for b in range(B):
        for m in range(3):
            route = csse.routes[m if router == 'multi' else 0]
            for n in range(N):
                logits = [float(row @ tokens[b, m, n] + bias) for row, bias in zip(route.weight, route.bias)]
                weights = [math.exp(logit) / sum(map(math.exp, logits)) for logit in logits]
                expected = sum(w * slow_expert(csse.experts, e, tokens[b, m, n]) for e, w in enumerate(weights))
                torch.testing.assert_close(features[b, m * N + n], expected, rtol=1e-10, atol=1e-10)
                torch.testing.assert_close(output.weights[b, m, n], torch.tensor(weights, dtype=torch.float64))


@pytest.mark.parametrize('router', ['share', 'multi'])
def test_every_parameter_learns(router: str) -> None:
    csse = build(router)
    features = write_out(csse(torch.randn(B, 3, N, D, dtype=torch.float64)).feature)
    (features * torch.randn_like(features)).sum().backward()
    assert not [name for name, p in csse.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]


def test_unknown_router_is_named() -> None:
    with pytest.raises(ValueError, match="CSSE.router='any': expected one of 'multi', 'share'"):
        CSSE(dim=D, router='any')
