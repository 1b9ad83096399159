"""All methods in units of the bare visual tower, inference and training step: ``python tools/benchmarks/rivals.py``.

The methods are those of the package, each by its config for the first dataset that it has a published figure on, and
whatever ``--configs`` adds. The floor is three passes of open_clip's own visual tower over the triplet, for the
CNNs too. Weights and pictures are random, captions known before: text features that a method may keep are kept.

As not all models fit into memory at once, a group of them runs in turn with the floor, in another order each round;
then its rows are printed, and written to ``--out``. Called again with the same ``--out``, the benchmark goes on with
what is not there.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import common
import steps
import torch
from mmengine.config import Config
from torch import Tensor, nn

from next_mm import apis
from next_mm.analysis.cost import PartCost, count_costs
from next_mm.apis.zoo import find_leaf
from next_mm.errors import ConfigError, UserError
from next_mm.structures import TripletBatch
from next_mm.utils.options import did_you_mean

FLOOR = 'bare tower, three passes'
WHAT = ('costs', 'inference', 'training', 'memory')

Systems = dict[str, Path]


def find_systems(methods: Sequence[str] | None, configs: Sequence[Path]) -> Systems:
    """Return name and config of the methods, all of them or those named, and of the configs."""
    listed = {method.name: find_leaf(method.name) for method in apis.list_methods()}
    for name in methods or ():
        if name not in listed:
            raise ConfigError(f'--methods {name}: no such method{did_you_mean(name, listed)}')
    chosen = list(listed) if methods is None else methods
    return {name: listed[name] for name in chosen} | {config.stem: config for config in configs}


def make_system(args: argparse.Namespace, config: Path) -> tuple[nn.Module, Config]:
    """Build the model of a config with random weights, in evaluation mode."""
    cfg = apis.load_config(config)
    apis.drop_pretrained(cfg)
    torch.manual_seed(0)
    return apis.build_model(cfg, device=args.device), cfg


def make_inputs(args: argparse.Namespace, model: nn.Module, size: int, subsets: int) -> tuple[Tensor, TripletBatch]:
    """Random pictures and whatever the model reads beside them."""
    images, batch = common.make_batch(args, model.image_size, size, subsets=subsets)
    example = model.example_batch()
    batch.cameras = torch.ones(size, dtype=torch.int64, device=args.device)
    batch.extras = {name: value.to(args.device).expand(size).clone() for name, value in example.extras.items()}
    if model.reads_captions and batch.tokens is not None:
        batch.lengths = (batch.tokens != 0).sum(dim=-1)
    else:
        batch.tokens = None
    return images, batch


def caption_subsets(cfg: Config) -> int:
    """How many subsets of a caption a training sample has."""
    return next((step['num_subsets'] for step in cfg.train_dataloader.dataset.pipeline if 'num_subsets' in step), 1)


def make_floor(args: argparse.Namespace, what: str, size: int) -> Callable[[], Any]:
    """The bare tower, ready to run again and again."""
    cfg = common.read_config(args)
    tower = common.make_tower(args, cfg)
    images, _ = common.make_batch(args, cfg.model.backbone.image_size, size, subsets=1)
    if what == 'inference':
        return steps.inference(args, lambda: [tower(images[:, m]) for m in range(3)])
    return steps.tower_step(args, tower, images)


def make_case(args: argparse.Namespace, what: str, config: Path, size: int) -> Callable[[], Any]:
    """A system's inference or training step, ready to run again and again."""
    model, cfg = make_system(args, config)
    images, batch = make_inputs(args, model, size, 1 if what == 'inference' else caption_subsets(cfg))
    if what == 'inference':
        return steps.inference(args, lambda: model(images, batch))
    with torch.no_grad():
        model.before_epoch(0, lambda: iter([(images, batch)]))
    return steps.training_step(args, model, lambda: model.parse_losses(model(images, batch, mode='loss'))[0])


def for_each(systems: Systems, make: Callable[[Path], Any]) -> dict[str, Any]:
    """Make something of each system's config; one that lacks a file of the user's is named and left out."""
    made = {}
    for name, config in systems.items():
        try:
            made[name] = make(config)
        except (FileNotFoundError, UserError, subprocess.CalledProcessError) as error:
            print(f'{name} is left out: {error}', file=sys.stderr)
    return made


def time_group(args: argparse.Namespace, what: str, size: int, systems: Systems) -> list[dict[str, Any]]:
    """Measure some systems and the floor in turn."""
    cases = {FLOOR: make_floor(args, what, size)}
    cases |= for_each(systems, lambda config: make_case(args, what, config, size))
    timings = common.interleave(cases, repeats=args.repeats, warmup=args.warmup)
    floor = common.time_columns(timings, FLOOR, size, {})['ms']
    rows = [(name, common.time_columns(timings, name, size, {'x floor': FLOOR})) for name in cases if name != FLOOR]
    return [{'method': name, 'floor, ms': floor, **row, 'images/s': 3 * row['triplets/s']} for name, row in rows]


def count_group(args: argparse.Namespace, systems: Systems) -> list[dict[str, Any]]:
    """Count parameters and multiply-accumulates of some systems."""
    models = for_each(systems, lambda config: make_system(argparse.Namespace(device='cpu'), config)[0])
    rows = []
    for name, model in models.items():
        cost = sum(count_costs(model).values(), PartCost())
        millions = {'trainable, M': cost.trainable / 1e6, 'frozen, M': cost.frozen / 1e6}
        rows.append({'method': name, 'config': systems[name].name, **millions, 'MACs, G': cost.macs / 1e9})
    return rows


def weigh_group(args: argparse.Namespace, size: int, systems: Systems) -> list[dict[str, Any]]:
    """Measure the peak memory of a training step of some systems and of the floor.

    On a CPU each takes a process of its own, whose resident memory is read. A GPU's memory is counted by torch, which
    also tells what one system among others takes.
    """
    if args.device.startswith('cuda'):
        apart = partial(weigh, args, size)
    else:
        options: list[object] = ['--config', args.config, '--device', args.device, '--threads', args.threads]
        options += ['--batch-sizes', size, *(['--amp', args.amp] if args.amp else [])]
        apart = partial(steps.run_apart, __file__, *options, '--weigh')
    floor = apart(FLOOR)
    found = for_each(systems, apart)
    rows = []
    for name, memory in found.items():
        ratios = {f'{key} x floor': value / floor[key] for key, value in memory.items()}
        rows.append({'method': name, **{key: round(value) for key, value in memory.items()}, **ratios})
    return rows


def weigh(args: argparse.Namespace, size: int, what: str | Path) -> dict[str, float]:
    """What a training step of a config or of the floor takes, see :func:`steps.peak_of_two_steps`."""
    gc.collect()
    if what == FLOOR:
        return steps.peak_of_two_steps(args, lambda: make_floor(args, 'training', size))
    return steps.peak_of_two_steps(args, lambda: make_case(args, 'training', Path(what), size))


def make_tables(args: argparse.Namespace) -> Iterator[tuple[str, Callable[[Systems], list[dict[str, Any]]]]]:
    """Yield the title of each table, and what makes its rows."""
    if 'costs' in args.what:
        yield 'Parameters and multiply-accumulates', lambda systems: count_group(args, systems)
    for size in args.batch_sizes:
        for what, title in (('inference', 'Inference'), ('training', 'Training step')):
            if what in args.what:
                yield (
                    f'{title}, batch {size}, {args.amp or "fp32"}',
                    lambda systems, what=what, size=size: time_group(args, what, size, systems),
                )
        if 'memory' in args.what:
            yield (
                f'Memory of a training step, batch {size}, {args.amp or "fp32"}',
                lambda systems, size=size: weigh_group(args, size, systems),
            )


def read_tables(args: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """Read the rows that ``--out`` has by their table.

    Raises:
        ConfigError: they were measured otherwise.
    """
    if args.out is None or not args.out.is_file():
        return {}
    saved = json.loads(args.out.read_text(encoding='utf-8'))
    for option in ('config', 'device', 'threads', 'repeats', 'warmup'):
        came, expected = saved['arguments'].get(option), getattr(args, option)
        if came != expected:
            raise ConfigError(f'--out {args.out}: it was measured with {option} {came}, expected {expected}')
    return {table['title']: table['rows'] for table in saved['tables']}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = common.arguments(__doc__.split('\n')[0], repeats=5, batch_sizes=(8,))
    parser.add_argument('--methods', nargs='*', metavar='NAME', help='folders of methods (default: all)')
    parser.add_argument('--configs', nargs='*', type=Path, default=[], metavar='FILE', help='configs to measure beside')
    parser.add_argument('--what', nargs='+', choices=WHAT, default=list(WHAT), help='default: all')
    parser.add_argument('--group', type=int, default=4, help='systems that are in memory at once, beside the floor')
    parser.add_argument('--weigh', help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure and report, group by group."""
    args = parse_args()
    if args.weigh:
        print(json.dumps(weigh(args, args.batch_sizes[0], args.weigh)))
        return
    systems = find_systems(args.methods, args.configs)
    tables = read_tables(args)
    with common.threads(args.threads):
        for title, measure in make_tables(args):
            rows = tables.setdefault(title, [])
            left = [name for name in systems if name not in {row['method'] for row in rows}]
            for start in range(0, len(left), args.group):
                group = left[start : start + args.group]
                print(f'{title}: {", ".join(group)} ({len(left) - start} to go)', file=sys.stderr)
                rows += measure({name: systems[name] for name in group})
                if rows:
                    common.show(title, rows, args)
                common.write([{'title': title, 'rows': rows} for title, rows in tables.items()], args)


if __name__ == '__main__':
    main()
