"""The selective scan against its step-by-step loop: ``python tools/benchmarks/selective_scan.py``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import softplus

from next_mm.methods.mambapro.scan import selective_scan


def loop(u: Tensor, delta: Tensor, decay: Tensor, write: Tensor, read: Tensor, skip: Tensor) -> Tensor:
    """The recurrence as it is written."""
    state = u.new_zeros(*u.shape[:2], *decay.shape[1:])
    answers = []
    for step in range(u.shape[2]):
        d, x = delta[:, :, step], u[:, :, step]
        state = torch.exp(d.unsqueeze(-1) * decay.unsqueeze(1)) * state
        state = state + (d * x).unsqueeze(-1) * write[:, :, step].unsqueeze(-2)
        answers.append((state * read[:, :, step].unsqueeze(-2)).sum(dim=-1))
    return torch.stack(answers, dim=2) + skip[:, None, None] * u


def seconds(run: Callable[..., Tensor], inputs: list[Tensor], backward: bool, rounds: int) -> float:
    """Least time of the processor in some rounds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        answer = run(*inputs)
        if backward:
            answer.square().sum().backward()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print a line for each batch, without and with the backward pass."""
    parser = argparse.ArgumentParser(description='Time the selective scan against its step-by-step loop.')
    parser.add_argument('--batch', type=int, nargs='+', default=[1, 8], help='triplets')
    parser.add_argument('--steps', type=int, default=384, help='patches of the three modalities')
    parser.add_argument('--rounds', type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for batch in args.batch:
        shape, states = (1, batch, args.steps, 1024), 16
        inputs = [torch.randn(shape), softplus(torch.randn(shape)), -3 * torch.rand(1, shape[-1], states)]
        inputs += [torch.randn(*shape[:3], states), torch.randn(*shape[:3], states), torch.randn(1, shape[-1])]
        for backward in (False, True):
            inputs = [tensor.requires_grad_(backward) for tensor in inputs]
            ours, theirs = (seconds(run, inputs, backward, args.rounds) for run in (selective_scan, loop))
            kind = 'forward and backward' if backward else 'forward'
            print(f'batch {batch}, {kind}: scan {1000 * ours:.0f} ms, loop {1000 * theirs:.0f} ms')


if __name__ == '__main__':
    main()
