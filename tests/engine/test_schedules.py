"""The schedule of TransReID's code: worked by hand, by the formula, and through mmengine's builder."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from mmengine.optim import OptimWrapper

from next_mm.engine import TransReIDLR
from next_mm.errors import ConfigError
from next_mm.registry import PARAM_SCHEDULERS

pytestmark = pytest.mark.filterwarnings('ignore:Detected call of `scheduler.step')  # there is nothing to optimise


def rates(**options: Any) -> list[list[float]]:
    """The rates of weights and of biases, which learn twice as fast, in each epoch."""
    parameters = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    groups = [dict(params=[parameters[0]]), dict(params=[parameters[1]], lr=0.02)]
    wrapper = OptimWrapper(torch.optim.SGD(groups, lr=0.01))
    scheduler = PARAM_SCHEDULERS.build(
        dict(type='TransReIDLR', **options), default_args=dict(optimizer=wrapper, epoch_length=3)
    )
    found = []
    for _ in range(options['end']):
        found.append([group['lr'] for group in wrapper.param_groups[:2]])
        scheduler.step()
    return found


def test_six_epochs_by_hand() -> None:
    """Five of warm-up, so that the cosine is met near its end: HTT's test-time training."""
    factors = [weight / 0.01 for weight, _ in rates(end=6, warmup=5)]
    assert factors == pytest.approx([0.208, 0.406, 0.604, 0.802, 0.0689, 0.002], abs=1e-4)


def test_biases_start_where_weights_start() -> None:
    biases = [bias for _, bias in rates(end=20, warmup=4, final=0.001)]
    assert biases[:3] == pytest.approx([1e-4 + t * (0.02 - 1e-4) / 4 for t in (1, 2, 3)])
    assert biases[3:19] == pytest.approx(
        [1e-5 + (0.02 - 1e-5) * (1 + math.cos(math.pi * t / 20)) / 2 for t in range(4, 20)]
    )
    assert biases[19] == pytest.approx(1e-5)


def test_noise_is_bounded_and_the_same_in_every_run() -> None:
    plain, noisy, again = (
        rates(end=30, warmup=5),
        rates(end=30, warmup=5, noise=0.67),
        rates(end=30, warmup=5, noise=0.67),
    )
    assert noisy == again
    factors = [b[0] / a[0] - 1 for a, b in zip(plain, noisy)]
    assert 0 < max(map(abs, factors[:-1])) < 0.67
    assert factors[-1] == pytest.approx(0)
    for epoch, factor in enumerate(factors[:-1], 1):
        generator = torch.Generator().manual_seed(42 + epoch)
        draws = [float(torch.randn(1, generator=generator)) for _ in range(20)]
        assert factor == pytest.approx(next(draw for draw in draws if abs(draw) < 0.67), abs=1e-6)


def test_a_resumed_run_goes_on() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    whole = TransReIDLR(optimizer, end=10, warmup=3)
    for _ in range(4):
        whole.step()
    other = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    resumed = TransReIDLR(other, end=10, warmup=3)
    resumed.load_state_dict(whole.state_dict())
    for scheduler in (whole, resumed):
        scheduler.step()
    assert other.param_groups[0]['lr'] == optimizer.param_groups[0]['lr'] == pytest.approx(whole.rate(6, 0.01, 0.01))


def test_bad_options_are_named() -> None:
    with pytest.raises(ConfigError, match='TransReIDLR.final=-1: expected a number from 0'):
        rates(end=5, warmup=1, final=-1)
