"""The selective scan against the recurrence, step by step in double precision."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch
from torch import Tensor

from next_mm.methods.mambapro import scan


def slow_scan(u: Tensor, delta: Tensor, decay: Tensor, write: Tensor, read: Tensor, skip: Tensor) -> Tensor:
    """The recurrence as it is written, one step after the other."""
    answers = torch.zeros_like(u)
    for g in range(u.shape[0]):
        h = torch.zeros(u.shape[1], *decay.shape[1:], dtype=u.dtype)
        rows = []
        for t in range(u.shape[2]):
            d, x = delta[g, :, t], u[g, :, t]
            h = torch.exp(d.unsqueeze(-1) * decay[g]) * h + (d * x).unsqueeze(-1) * write[g, :, t].unsqueeze(1)
            rows.append((h * read[g, :, t].unsqueeze(1)).sum(dim=-1) + skip[g] * x)
        answers = torch.cat([answers[:g], torch.stack(rows, dim=1).unsqueeze(0), answers[g + 1 :]])
    return answers


def make_inputs(groups: int, batch: int, length: int, channels: int, states: int) -> list[Tensor]:
    shapes = [(groups, batch, length, channels)] * 2 + [(groups, channels, states)]
    shapes += [(groups, batch, length, states)] * 2 + [(groups, channels)]
    inputs = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    inputs[1] = torch.nn.functional.softplus(inputs[1])
    inputs[2] = -inputs[2].exp()
    return [tensor.requires_grad_() for tensor in inputs]


@pytest.mark.parametrize(('elements', 'shortest'), [(1, 1), (1, 4), (1 << 19, 16)])
def test_values_and_gradients(monkeypatch: pytest.MonkeyPatch, elements: int, shortest: int) -> None:
    """Chunks of one step, chunks that do not divide the length, and one chunk."""
    monkeypatch.setattr(scan, '_ELEMENTS', elements)
    monkeypatch.setattr(scan, '_SHORTEST', shortest)
    inputs = make_inputs(groups=2, batch=2, length=11, channels=3, states=4)
    found, expected = scan.selective_scan(*inputs), slow_scan(*inputs)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)
    weights = torch.randn_like(found)
    gradients = [torch.autograd.grad((answer * weights).sum(), inputs) for answer in (found, expected)]
    for ours, theirs in zip(*gradients):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


def test_the_form_for_traced_graphs() -> None:
    inputs = [tensor.detach() for tensor in make_inputs(groups=2, batch=3, length=7, channels=4, states=3)]
    torch.testing.assert_close(scan._run_steps(*inputs), slow_scan(*inputs), rtol=1e-10, atol=1e-12)


def test_states_are_full_precision_under_autocast() -> None:
    inputs = [tensor.detach().float() for tensor in make_inputs(1, 1, 40, 2, 3)]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        found = scan.selective_scan(*inputs)
    assert found.dtype == torch.float32
    expected = slow_scan(*(tensor.double() for tensor in inputs))
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5)


def test_the_kernel_of_mamba_ssm_gets_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its layout, as its documentation has it: u and delta (B, C, L), A (C, N), B and C (B, N, L), D (C,)."""

    def kernel(u: Tensor, delta: Tensor, a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
        assert all(x.is_contiguous() for x in (u, delta, a, b, c, d))
        rows = [x.transpose(1, 2).unsqueeze(0) for x in (u, delta, b, c)]
        answer = slow_scan(rows[0], rows[1], a.unsqueeze(0), rows[2], rows[3], d.unsqueeze(0))
        return answer.squeeze(0).transpose(1, 2)

    package = ModuleType('mamba_ssm.ops.selective_scan_interface')
    package.selective_scan_fn = kernel
    for name in ('mamba_ssm', 'mamba_ssm.ops'):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, package.__name__, package)
    inputs = [tensor.detach() for tensor in make_inputs(groups=2, batch=3, length=5, channels=4, states=2)]
    torch.testing.assert_close(scan._run_kernel(*inputs), slow_scan(*inputs), rtol=1e-10, atol=1e-12)
