"""What the benchmarks share: interleaved timing, the bare tower to compare with, made-up batches, tables and JSON."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from mmengine.config import Config
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from next_mm.apis import build_model, load_config
from next_mm.models.clip.loading import load_clip
from next_mm.structures import ReIDDataSample, TripletBatch
from next_mm.utils.machine import processor

START, END = 49406, 49407  # CLIP's tokens around a caption


class Timing(NamedTuple):
    """Seconds of each repeat of a case: on the clock, and of all its threads on the CPU (which other
    programs disturb less)."""

    clock: list[float]
    cpu: list[float]


def interleave(cases: dict[str, Callable[[], Any]], *, repeats: int, warmup: int) -> dict[str, Timing]:
    """Time all cases in turn, again and again, so that a slow moment of the machine falls on all of them.

    The order changes from round to round: what a case leaves behind (caches, heap) is not
    always felt by the same next one.
    """
    timings = {name: Timing([], []) for name in cases}
    generator = random.Random(0)
    for repeat in range(warmup + repeats):
        for name, run in generator.sample(list(cases.items()), len(cases)):
            synchronize()
            start, start_cpu = time.perf_counter(), time.process_time()
            run()
            synchronize()
            if repeat >= warmup:
                timings[name].clock.append(time.perf_counter() - start)
                timings[name].cpu.append(time.process_time() - start_cpu)
    return timings


def time_columns(timings: dict[str, Timing], name: str, size: int, floors: dict[str, str]) -> dict[str, Any]:
    """A case's median time, its throughput, and its time in units of others'.

    Args:
        timings: of all cases.
        name: the case.
        size: triplets a run.
        floors: name of the column to the case whose time is the unit.
    """
    milliseconds = 1000 * statistics.median(timings[name].clock)
    row: dict[str, Any] = {'ms': round(milliseconds), 'triplets/s': 1000 * size / milliseconds}
    for column, floor in floors.items():
        if floor in timings:
            row[column] = ratio(timings[name].clock, timings[floor].clock)
            row[f'{column}, CPU time'] = ratio(timings[name].cpu, timings[floor].cpu)
    return row


def ratio(seconds: list[float], floor: list[float]) -> float:
    """Median over the rounds of a case's time in units of another's in the same round."""
    return statistics.median(case / base for case, base in zip(seconds, floor))


def slope(sizes: Sequence[int], values: Sequence[float]) -> float:
    """Exponent of the growth from the first size to the last: the slope of the logarithms."""
    return math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0])


def synchronize() -> None:
    """Wait for the GPU, where there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def arguments(description: str, *, repeats: int, batch_sizes: Sequence[int]) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--config', default='configs/next_rgbnt201.py')
    parser.add_argument('--batch-sizes', type=int, nargs='+', default=list(batch_sizes), metavar='B', help='triplets')
    parser.add_argument('--repeats', type=int, default=repeats, help='rounds over all cases; the median is reported')
    parser.add_argument('--warmup', type=int, default=1, help='rounds before those that count')
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--amp', choices=['bf16', 'fp16'], help='autocast, for the floor as well')
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--out', type=Path, help='JSON file to write')
    return parser


def autocast(args: argparse.Namespace) -> contextlib.AbstractContextManager:
    """The autocast that ``--amp`` asks for."""
    if args.amp is None:
        return contextlib.nullcontext()
    return torch.autocast(args.device, dtype={'bf16': torch.bfloat16, 'fp16': torch.float16}[args.amp])


def read_config(args: argparse.Namespace, **options: Any) -> Config:
    """The config with random weights: what is measured does not depend on them."""
    cfg = load_config(args.config, {'model.backbone.pretrained': None, **options})
    if cfg.model.get('text') and cfg.model.text.type == 'CLIPText':
        cfg.model.text.pretrained = None
    return cfg


def make_model(args: argparse.Namespace, cfg: Config) -> nn.Module:
    """The model of the config, in evaluation mode."""
    torch.manual_seed(0)
    return build_model(cfg, device=args.device)


def make_tower(args: argparse.Namespace, cfg: Config) -> nn.Module:
    """The bare visual tower, as open_clip builds it: the floor."""
    model = load_clip(cfg.model.backbone.model_name, None, image_size=tuple(cfg.model.backbone.image_size))
    return model.visual.to(args.device).eval()


def make_captions(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Random captions, (*shape, 77) int32, as long as RGBNT201's (48 tokens on average); no two share a beginning."""
    tokens = torch.zeros(*shape, 77, dtype=torch.int32)
    rows = tokens.view(-1, 77)
    lengths = (48 + 8 * torch.randn(len(rows), generator=generator)).round().clamp(20, 77).int().tolist()
    for row, length in zip(rows, lengths):
        row[:length] = torch.randint(1, START, (length,), generator=generator)
        row[0], row[length - 1] = START, END
    return tokens


def make_batch(
    args: argparse.Namespace, image_size: Sequence[int], size: int, *, subsets: int, seed: int = 0
) -> tuple[Tensor, TripletBatch]:
    """Random normalised pictures (B, 3, 3, H, W) and the rest of a batch, identities in groups of four."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(size, 3, 3, *image_size, generator=generator).to(args.device)
    labels = torch.arange(size).div(4, rounding_mode='floor').to(args.device)
    tokens = make_captions((size, subsets, 3), generator)
    samples = [ReIDDataSample() for _ in range(size)]
    return images, TripletBatch(samples=samples, labels=labels, tokens=tokens)


def make_jpeg(generator: np.random.Generator, size: tuple[int, int]) -> bytes:
    """A smooth random picture (height, width) as a JPEG file."""
    noise = generator.integers(0, 256, (size[0] // 8, size[1] // 8, 3), dtype=np.uint8)
    picture = cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
    return cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def save_run(args: argparse.Namespace, folder: Path, **options: Any) -> tuple[Path, Path]:
    """Write the config with random weights as a config file and a checkpoint; returns both."""
    cfg = read_config(args, **options)
    model = make_model(args, cfg)
    cfg.dump(folder / 'random.py')
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, folder / 'random.pth')
    return folder / 'random.py', folder / 'random.pth'


def report(title: str, rows: Iterable[dict[str, Any]], args: argparse.Namespace) -> None:
    """Print the rows as a table and write them to ``--out``."""
    write([show(title, rows, args)], args)


def show(title: str, rows: Iterable[dict[str, Any]], args: argparse.Namespace) -> dict[str, Any]:
    """Print the rows as a table; returns title and rows for :func:`write`."""
    rows = list(rows)
    table = Table(title=f'{title}\n{hardware(args)}', title_justify='left')
    for column in rows[0]:
        table.add_column(column, justify='left' if isinstance(rows[0][column], str) else 'right')
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 180).print(table)
    return {'title': title, 'rows': rows}


def write(tables: Sequence[dict[str, Any]], args: argparse.Namespace) -> None:
    """Write tables, with what they were measured on, to ``--out``."""
    if args.out is not None:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        found = {'hardware': hardware(args), 'arguments': vars(args), 'tables': tables}
        args.out.write_text(json.dumps(found, indent=2, default=str))


def _cell(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f'{value:.1e}' if 0 < abs(value) < 1e-3 else f'{value:.3f}'


def hardware(args: argparse.Namespace) -> str:
    """Device, versions and date in one line."""
    device = (
        torch.cuda.get_device_name() if args.device.startswith('cuda') else f'{processor()}, {args.threads} threads'
    )
    return f'{device}; torch {torch.__version__}; {date.today().isoformat()}'


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Run with this many CPU threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
