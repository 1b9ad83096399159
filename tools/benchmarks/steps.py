"""What the benchmarks run and weigh: inference, a training step, and its peak memory in a process of its own."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import torch
from common import autocast, threads
from memory import forget_peak, peak_mib, resident_mib
from torch import Tensor, nn


def inference(args: argparse.Namespace, run: Callable[[], Any]) -> Callable[[], None]:
    """Run something without gradient, under the autocast of ``--amp``."""

    def wrapped() -> None:
        with torch.inference_mode(), autocast(args):
            run()

    return wrapped


def training_step(args: argparse.Namespace, model: nn.Module, loss: Callable[[], Tensor]) -> Callable[[], None]:
    """A step of Adam on a loss of the model, which is put into training mode."""
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-6)

    def step() -> None:
        optimizer.zero_grad()
        with autocast(args):
            value = loss()
        value.backward()
        optimizer.step()

    return step


def tower_step(args: argparse.Namespace, tower: nn.Module, images: Tensor) -> Callable[[], None]:
    """A training step of the bare tower, three passes over the triplet; the mean of its features is the loss."""
    return training_step(args, tower, lambda: sum(tower(images[:, m]).float().mean() for m in range(3)))


def peak_of_two_steps(args: argparse.Namespace, make: Callable[[], Callable[[], Any]]) -> dict[str, float]:
    """Make a training step and run it twice; returns, in MiB, what that adds at the most, without and with the model.

    It is resident memory on a CPU, allocated memory on a GPU. Call it in a fresh process, see :func:`run_apart`.
    """
    on_gpu = args.device.startswith('cuda')
    held = (lambda: torch.cuda.memory_allocated() / 2**20) if on_gpu else resident_mib
    with threads(args.threads):
        libraries = held()
        run = make()
        # Building a model takes more for a moment than the model does: that is no part of a step.
        torch.cuda.reset_peak_memory_stats() if on_gpu else forget_peak()
        built = held()
        run()
        run()
    peak = torch.cuda.max_memory_allocated() / 2**20 if on_gpu else peak_mib()
    return {'step MiB': peak - built, 'model and step MiB': peak - libraries}


def run_apart(file: str, *options: object) -> dict[str, float]:
    """Run a benchmark in a process of its own and return the JSON of the last line that it prints."""
    command = [sys.executable, file, *map(str, options)]
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.splitlines()[-1])
