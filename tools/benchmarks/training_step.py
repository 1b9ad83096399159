"""Time and memory of a training step in units of the bare visual tower: ``python tools/benchmarks/training_step.py``.

A step is forward, loss, backward and Adam. The floor is the same step of open_clip's own visual tower, three passes
over the triplet, with the mean of its features as the loss. Both checkpoint their activations with
``--grad-checkpointing``. Peak memory comes from processes of their own (resident memory of the process on a CPU,
allocated memory on a GPU): what two steps add to the model that is there, and what model and steps add to the
libraries.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import common
import torch
from memory import forget_peak, peak_mib, resident_mib
from torch import Tensor, nn

FLOOR = 'floor: bare tower'
BACKBONE = 'CLIPVisual alone'
CASES = (FLOOR, BACKBONE, 'captions seen before', 'captions all new', 'without text')
TEXT = 'looking up the captions alone'


def make_case(args: argparse.Namespace, name: str, size: int) -> Callable[[], Any]:
    """A training step, ready to run again and again."""
    options: dict[str, Any] = {'model.backbone.grad_checkpointing': args.grad_checkpointing}
    if name == 'without text':
        options['model.text'] = None
    cfg = common.read_config(args, **options)
    images, batch = common.make_batch(args, cfg, size, subsets=3)
    if name == FLOOR:
        tower = common.make_tower(args, cfg)
        tower.set_grad_checkpointing(args.grad_checkpointing)
        return _step(args, tower, lambda: sum(tower(images[:, m]).float().mean() for m in range(3)))
    model = common.make_model(args, cfg)
    if name == BACKBONE:
        return _step(args, model.backbone, lambda: model.backbone(images).classes.float().mean())
    if model.text is not None:
        model.text(batch.tokens)  # seen before the first step, whatever --warmup says
    if name == TEXT:
        return lambda: model.text(batch.tokens)
    generator = torch.Generator().manual_seed(1)

    def loss() -> Tensor:
        if name == 'captions all new':
            batch.tokens = common.make_captions((size, 3, 3), generator)
        losses = model(images, batch, mode='loss')
        return model.parse_losses(losses)[0]

    return _step(args, model, loss)


def _step(args: argparse.Namespace, model: nn.Module, loss: Callable[[], Tensor]) -> Callable[[], None]:
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-6)

    def step() -> None:
        optimizer.zero_grad()
        with common.autocast(args):
            value = loss()
        value.backward()
        optimizer.step()

    return step


def peak_memory(args: argparse.Namespace, name: str, size: int) -> dict[str, float]:
    """Run :func:`measure_memory` for a case in a fresh process."""
    options = [
        str(part)
        for part in (
            '--config',
            args.config,
            '--device',
            args.device,
            '--threads',
            args.threads,
            '--batch-sizes',
            size,
            '--measure-memory',
            name,
        )
    ]
    options += ['--amp', args.amp] if args.amp else []
    options += ['--grad-checkpointing'] if args.grad_checkpointing else []
    result = subprocess.run([sys.executable, __file__, *options], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def measure_memory(args: argparse.Namespace) -> None:
    """Run two steps of one case and print, in MiB, what they add at the most, without and with
    the model and its batch."""
    on_gpu = args.device.startswith('cuda')
    held = (lambda: torch.cuda.memory_allocated() / 2**20) if on_gpu else resident_mib
    with common.threads(args.threads):
        libraries = held()
        run = make_case(args, args.measure_memory, args.batch_sizes[0])
        # Building a model takes more for a moment than the model does: that is no part of a step.
        torch.cuda.reset_peak_memory_stats() if on_gpu else forget_peak()
        built = held()
        run()
        run()
    peak = torch.cuda.max_memory_allocated() / 2**20 if on_gpu else peak_mib()
    print(json.dumps({'step MiB': peak - built, 'model and step MiB': peak - libraries}))


def memory_columns(memory: dict[str, dict[str, float]], name: str) -> dict[str, Any]:
    """A case's memory, each figure followed by its ratio to the floor's."""
    columns: dict[str, Any] = {}
    for what, floor in memory[FLOOR].items():
        room = memory[name][what] if name in memory else None
        columns |= {
            what: '-' if room is None else round(room),
            f'{what} x floor': '-' if room is None else room / floor,
        }
    return columns


def rows_of(args: argparse.Namespace, size: int) -> list[dict[str, Any]]:
    """Measure one batch size."""
    names = [name for name in (*CASES, TEXT) if args.cases is None or name in (FLOOR, *args.cases)]
    memory = {name: peak_memory(args, name, size) for name in names if name != TEXT} if args.memory else {}
    cases = {name: make_case(args, name, size) for name in names}
    timings = common.interleave(cases, repeats=args.repeats, warmup=args.warmup)
    rows = [
        {'case': name, 'batch': size, **common.time_columns(timings, name, size, {'x floor': FLOOR})} for name in names
    ]
    return [{**row, **memory_columns(memory, row['case'])} for row in rows] if memory else rows


def main() -> None:
    """Measure and report."""
    parser = common.arguments('A training step in units of the bare visual tower.', repeats=5, batch_sizes=(8,))
    parser.add_argument(
        '--grad-checkpointing', action='store_true', help='in the floor as well; batch 64 needs it below 48 GiB'
    )
    parser.add_argument('--cases', nargs='+', choices=[*CASES, TEXT], help='beside the floor (default: all)')
    parser.add_argument('--memory', action='store_true', help='peak memory too, each case in a process of its own')
    parser.add_argument('--measure-memory', choices=CASES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure_memory:
        measure_memory(args)
        return
    with common.threads(args.threads):
        common.write(
            [
                common.show(
                    f'Training step, batch {size}, {args.config}, {args.amp or "fp32"}', rows_of(args, size), args
                )
                for size in args.batch_sizes
            ],
            args,
        )


if __name__ == '__main__':
    main()
