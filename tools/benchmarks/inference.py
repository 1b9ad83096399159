"""Time of inference in units of the bare visual tower: ``python tools/benchmarks/inference.py``.

The floor is three passes of open_clip's own visual tower over the triplet. CLIPVisual, the same tower with a leaner
attention, is faster than that, so the cost of the rest is also given in units of CLIPVisual alone. All cases run in
turn in one process.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from typing import Any

import common
import steps
import torch

FLOOR = 'floor: bare tower, three passes'
BACKBONE = 'CLIPVisual alone, three passes'
SEEN, NEW, WITHOUT, JOINT = 'captions seen before', 'captions all new', 'without text', 'captions seen before, one pass'


def make_cases(args: argparse.Namespace, size: int) -> dict[str, Callable[[], Any]]:
    """The floor and the model in its variants, ready to run again and again."""
    cfg = common.read_config(args)
    model, tower = common.make_model(args, cfg), common.make_tower(args, cfg)
    images, batch = common.make_batch(args, cfg.model.backbone.image_size, size, subsets=1)
    generator = torch.Generator().manual_seed(1)

    def run(joint: bool = cfg.model.backbone.get('batch_modalities', False), new: bool = False) -> None:
        model.backbone.batch_modalities = joint
        tokens = common.make_captions((size, 1, 3), generator) if new else batch.tokens
        model(images, dataclasses.replace(batch, tokens=tokens))

    cases = {
        FLOOR: lambda: [tower(images[:, m]) for m in range(3)],
        BACKBONE: lambda: model.backbone(images),
        SEEN: run,
        NEW: lambda: run(new=True),
        JOINT: lambda: run(joint=True),
    }
    if args.cases is None or WITHOUT in args.cases:
        without = common.make_model(args, common.read_config(args, **{'model.text': None}))
        cases[WITHOUT] = lambda: without(images, batch)
    chosen = [name for name in cases if args.cases is None or name in (FLOOR, *args.cases)]
    return {name: steps.inference(args, cases[name]) for name in chosen}


def rows_of(args: argparse.Namespace, size: int) -> list[dict[str, Any]]:
    """Measure one batch size."""
    timings = common.interleave(make_cases(args, size), repeats=args.repeats, warmup=args.warmup)
    floors = {'x floor': FLOOR, 'x CLIPVisual': BACKBONE}
    return [{'case': name, 'batch': size, **common.time_columns(timings, name, size, floors)} for name in timings]


def main() -> None:
    """Measure and report."""
    parser = common.arguments('Inference in units of the bare visual tower.', repeats=7, batch_sizes=(8, 16))
    parser.add_argument(
        '--cases', nargs='+', choices=[BACKBONE, SEEN, NEW, WITHOUT, JOINT], help='beside the floor (default: all)'
    )
    args = parser.parse_args()
    with common.threads(args.threads):
        rows = [row for size in args.batch_sizes for row in rows_of(args, size)]
    common.report(f'Inference, {args.config}, {args.amp or "fp32"}', rows, args)


if __name__ == '__main__':
    main()
