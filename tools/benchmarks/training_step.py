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
from collections.abc import Callable
from functools import partial
from typing import Any

import common
import steps
import torch
from torch import Tensor

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
    images, batch = common.make_batch(args, cfg.model.backbone.image_size, size, subsets=3)
    if name == FLOOR:
        tower = common.make_tower(args, cfg)
        tower.set_grad_checkpointing(args.grad_checkpointing)
        return steps.tower_step(args, tower, images)
    model = common.make_model(args, cfg)
    if name == BACKBONE:
        return steps.training_step(args, model.backbone, lambda: model.backbone(images).classes.float().mean())
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

    return steps.training_step(args, model, loss)


def peak_memory(args: argparse.Namespace, name: str, size: int) -> dict[str, float]:
    """Measure the memory of a case in a fresh process."""
    options: list[object] = ['--config', args.config, '--device', args.device, '--threads', args.threads]
    options += ['--batch-sizes', size, '--measure-memory', name]
    options += ['--amp', args.amp] if args.amp else []
    options += ['--grad-checkpointing'] if args.grad_checkpointing else []
    return steps.run_apart(__file__, *options)


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
        make = partial(make_case, args, args.measure_memory, args.batch_sizes[0])
        print(json.dumps(steps.peak_of_two_steps(args, make)))
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
