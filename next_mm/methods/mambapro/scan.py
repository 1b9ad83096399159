"""The selective scan of Mamba (Gu and Dao, 2023) in plain torch: exact, with little memory, forwards and backwards."""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ['selective_scan']

_ELEMENTS = 1 << 19
"""States that are computed at once: as many as a processor's cache holds (docs/performance.md)."""
_SHORTEST = 16
"""Fewest steps that are computed at once; the states between are kept for the backward pass."""


def selective_scan(u: Tensor, delta: Tensor, decay: Tensor, write: Tensor, read: Tensor, skip: Tensor) -> Tensor:
    """Run ``h = exp(delta decay) h + delta write u``, ``y = read h + skip u`` along each sequence, from ``h = 0``.

    The states are accumulated in full precision. On a GPU the kernel of ``mamba_ssm`` runs where it is installed.

    Args:
        u: (G, B, L, C) input: groups with weights of their own, batch, steps, channels.
        delta: (G, B, L, C) step sizes.
        decay: (G, C, N), negative; N states a channel. A in the paper.
        write: (G, B, L, N). B in the paper.
        read: (G, B, L, N). C in the paper.
        skip: (G, C). D in the paper.

    Returns:
        (G, B, L, C) in full precision.
    """
    with torch.autocast(u.device.type, enabled=False):
        wide = torch.promote_types(u.dtype, torch.float32)
        inputs = [tensor.to(wide) for tensor in (u, delta, decay, write, read, skip)]
        if u.is_cuda and importlib.util.find_spec('mamba_ssm'):
            return _run_kernel(*inputs)
        return _run_steps(*inputs) if torch.compiler.is_compiling() else _Scan.apply(*inputs)


def _run_kernel(u: Tensor, delta: Tensor, decay: Tensor, write: Tensor, read: Tensor, skip: Tensor) -> Tensor:
    from mamba_ssm.ops.selective_scan_interface import selective_scan_fn

    def swap(x: Tensor) -> Tensor:
        return x.transpose(-1, -2).contiguous()

    groups = zip(swap(u), swap(delta), decay.contiguous(), swap(write), swap(read), skip.contiguous())
    return torch.stack([swap(selective_scan_fn(*group)) for group in groups])


def _run_steps(u: Tensor, delta: Tensor, decay: Tensor, write: Tensor, read: Tensor, skip: Tensor) -> Tensor:
    """The recurrence as it is written, for a graph that is traced."""
    gains = torch.exp(delta.unsqueeze(-2) * decay.transpose(-1, -2)[:, None, None])  # (G, B, L, N, C)
    inputs = (delta * u).unsqueeze(-2) * write.unsqueeze(-1)
    state = torch.zeros_like(inputs[:, :, 0])
    answers = []
    for step in range(u.shape[2]):
        state = gains[:, :, step] * state + inputs[:, :, step]
        answers.append((read[:, :, step].unsqueeze(-2) @ state).squeeze(-2))
    return torch.stack(answers, dim=2) + skip[:, None, None] * u


def _by_steps(x: Tensor) -> Tensor:
    """(G, B, L, ...) as (L, G, B, ...), one step after the other in memory."""
    return x.permute(2, 0, 1, 3).contiguous()


class _Scan(torch.autograd.Function):
    """The scan in chunks; inside, states lie as (steps, G, B, N, C), so that every operation
    runs along the channels."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, delta: Tensor, decay: Tensor, write: Tensor, read: Tensor, skip: Tensor) -> Tensor:
        steps = [_by_steps(x) for x in (u, delta, write, read)]
        length, channels, states = len(steps[0]), u.shape[-1], decay.shape[-1]
        chunk = min(length, max(_SHORTEST, _ELEMENTS // (u[:, :, 0].numel() * states)))
        rates = decay.transpose(-1, -2).unsqueeze(1).contiguous()  # (G, 1, N, C)
        state = u.new_zeros(*u.shape[:2], states, channels)
        buffers = [u.new_empty(chunk, *state.shape) for _ in range(2)]
        answer = torch.empty_like(steps[0])
        kept = []
        for start in range(0, length, chunk):
            kept.append(state.clone())
            part = [x[start : start + chunk] for x in steps]
            _, h = _run_chunk(part[0], part[1], part[2], rates, state, buffers)
            torch.matmul(part[3].unsqueeze(-2), h, out=answer[start : start + chunk].unsqueeze(-2))
            state.copy_(h[-1])
        ctx.save_for_backward(*steps, rates, skip, torch.stack(kept))
        ctx.chunk = chunk
        return torch.addcmul(answer, steps[0], skip.unsqueeze(1)).permute(1, 2, 0, 3)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        u, delta, write, read, rates, skip, kept = ctx.saved_tensors
        gradient = _by_steps(gradient)
        g_u, g_delta = gradient * skip.unsqueeze(1), torch.empty_like(delta)
        g_write, g_read = torch.empty_like(write), torch.empty_like(read)
        g_rates = torch.zeros_like(rates)
        buffers = [u.new_empty(ctx.chunk, *kept.shape[1:]) for _ in range(3)]
        carry = torch.zeros_like(kept[0])
        for index in reversed(range(len(kept))):
            part = slice(index * ctx.chunk, (index + 1) * ctx.chunk)
            a, h = _run_chunk(u[part], delta[part], write[part], rates, kept[index], buffers)
            g = torch.mul(read[part].unsqueeze(-1), gradient[part].unsqueeze(-2), out=buffers[2][: len(a)])
            g[-1] += carry
            for step in range(len(g) - 1, 0, -1):
                g[step - 1].addcmul_(a[step], g[step])
            torch.mul(a[0], g[0], out=carry)
            g_read[part] = (h @ gradient[part].unsqueeze(-1)).squeeze(-1)
            g_write[part] = (g @ (delta[part] * u[part]).unsqueeze(-1)).squeeze(-1)
            g_input = (write[part].unsqueeze(-2) @ g).squeeze(-2)
            g_u[part] += g_input * delta[part]
            # What the decay of a step multiplies is the state in front of it.
            a *= g
            a[1:] *= h[:-1]
            a[0] *= kept[index]
            g_delta[part] = g_input * u[part] + (a * rates).sum(dim=-2)
            g_rates += (a * delta[part].unsqueeze(-2)).sum(dim=(0, 2)).unsqueeze(1)
        g_skip = (gradient * u).sum(dim=(0, 2))
        back = [x.permute(1, 2, 0, 3) for x in (g_u, g_delta, g_write, g_read)]
        return back[0], back[1], g_rates.squeeze(1).transpose(-1, -2), back[2], back[3], g_skip


def _run_chunk(
    u: Tensor, delta: Tensor, write: Tensor, rates: Tensor, state: Tensor, buffers: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """Decays and states (T, G, B, N, C) of the steps of a chunk, from the state in front of it."""
    a, h = (buffer[: len(u)] for buffer in buffers[:2])
    torch.mul(delta.unsqueeze(-2), rates, out=a).exp_()
    torch.mul((delta * u).unsqueeze(-2), write.unsqueeze(-1), out=h)
    h[0].addcmul_(a[0], state)
    for step in range(1, len(h)):
        h[step].addcmul_(a[step], h[step - 1])
    return a, h
