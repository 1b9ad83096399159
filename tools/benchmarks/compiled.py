"""What compilers gain: ``python tools/benchmarks/compiled.py``.

What an exported file computes, from pictures and caption features to unit features, is run eagerly, by
``torch.compile``, and as a library of AOTInductor. All run in turn on the same inputs, under the autocast of ``--amp``;
the library's graph is traced under it. Weights are random.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import common
import steps
import torch
from torch import Tensor, nn

from next_mm.apis.inference.export import ExportedModel, make_inputs

EAGER, COMPILED, LIBRARY = 'eager', 'torch.compile', 'AOTInductor'


def compile_model(model: nn.Module, inputs: dict[str, Tensor]) -> Callable[..., Any]:
    """Compile for these shapes; the first call does the work."""
    compiled = torch.compile(model, dynamic=False)
    compiled(**inputs)
    return compiled


def make_library(model: nn.Module, inputs: dict[str, Tensor], folder: Path) -> Callable[..., Any]:
    """Compile to a library of its own, any batch, and load it."""
    batch = torch.export.Dim('batch', min=2, max=1024)
    shapes = {name: {0: batch} for name in inputs}
    with torch.no_grad():
        program = torch.export.export(model, (), inputs, dynamic_shapes=shapes)
        package = torch._inductor.aoti_compile_and_package(program, package_path=str(folder / 'model.pt2'))
    return torch._inductor.aoti_load_package(package)


def rows_of(args: argparse.Namespace, size: int) -> list[dict[str, Any]]:
    """Measure one batch size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built = common.make_model(args, common.read_config(args))
        model = ExportedModel(built, text=built.reads_captions).eval()
        inputs = {key: value.to(args.device) for key, value in make_inputs(model, size, seed=0).items()}
        runs, spent = {EAGER: partial(model, **inputs)}, {EAGER: 0.0}
        makers = {COMPILED: compile_model, LIBRARY: partial(make_library, folder=folder)}
        for engine in args.engines:
            start = time.perf_counter()
            with torch.no_grad(), common.autocast(args):
                runs[engine] = partial(makers[engine](model, inputs), **inputs)
            spent[engine] = time.perf_counter() - start
        cases = {engine: steps.inference(args, run) for engine, run in runs.items()}
        timings = common.interleave(cases, repeats=args.repeats, warmup=args.warmup)
        with torch.inference_mode(), common.autocast(args):
            features = {engine: run().float() for engine, run in runs.items()}
    return [
        {
            'engine': engine,
            'batch': size,
            **common.time_columns(timings, engine, size, {'x eager': EAGER}),
            'compiled in s': spent[engine],
            'largest difference': float((features[engine] - features[EAGER]).abs().max()),
        }
        for engine in runs
    ]


def main() -> None:
    """Measure and report."""
    parser = common.arguments('What compilers gain over eager inference.', repeats=15, batch_sizes=(32,))
    parser.add_argument('--engines', nargs='+', choices=[COMPILED, LIBRARY], default=[COMPILED, LIBRARY])
    args = parser.parse_args()
    with common.threads(args.threads):
        rows = [row for size in args.batch_sizes for row in rows_of(args, size)]
    common.report(f'Compilers, {args.config}, {args.amp or "fp32"}', rows, args)


if __name__ == '__main__':
    main()
