"""What runs a model fastest on a CPU: ``python tools/benchmarks/engines.py``.

Eager PyTorch, ONNX Runtime and OpenVINO run one model with random weights on the same pictures, in turn. ``eager
float32`` is the unit. Where the processor has instructions for bfloat16, as OpenVINO says, both run in it as well.

With ``--run`` a trained run's test set is ranked by each engine's features, and the mAP is told as well.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import common
import numpy as np
import torch
from mmengine.registry import init_default_scope

from next_mm import compat
from next_mm.apis import load_config
from next_mm.apis.inference import ReIDInferencer, load_bundle
from next_mm.apis.inference.export import export_onnx
from next_mm.registry import DATASETS
from next_mm.retrieval import Labels, cosine_rows, score_queries, summarize

EAGER = 'eager float32'


def open_engines(source: tuple[Path, ...], folder: Path, batch: int) -> dict[str, ReIDInferencer]:
    """Name to inferencer, of what this machine can run.

    Args:
        source: a run's folder, or a config and a checkpoint.
        folder: for the exported file.
        batch: triplets at a time.
    """
    path = folder / 'model.onnx'
    export_onnx(load_bundle(*source), path)
    found = {
        EAGER: ReIDInferencer(*source, device='cpu', batch_size=batch),
        'ONNX Runtime float32': ReIDInferencer(path, batch_size=batch),
        'OpenVINO float32': ReIDInferencer(path, device='openvino', batch_size=batch),
    }
    if 'BF16' in openvino_abilities():
        found['eager bfloat16'] = ReIDInferencer(*source, device='cpu', dtype='bfloat16', batch_size=batch)
        found['OpenVINO bfloat16'] = ReIDInferencer(path, device='openvino', dtype='bfloat16', batch_size=batch)
    return found


def openvino_abilities() -> list[str]:
    """What OpenVINO says that it can do on this processor."""
    return list(compat.openvino_core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES'))


def speed_rows(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Time a triplet of each engine at each batch size."""
    generator = np.random.default_rng(0)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = {} if args.text else {'model.text': None}
        source = common.save_run(args, folder, **options)
        engines = open_engines(source, folder, max(args.batch_sizes))
        size = engines[EAGER].card['image_size']
        for batch in args.batch_sizes:
            jpegs = [tuple(common.make_jpeg(generator, size) for _ in range(3)) for _ in range(batch)]
            packed = [engines[EAGER].prepare(jpeg, number)[1] for number, jpeg in enumerate(jpegs)]
            runs: dict[str, Callable[[], Any]] = {
                name: partial(engine.backend.encode, packed) for name, engine in engines.items()
            }
            timings = common.interleave(runs, repeats=args.repeats, warmup=args.warmup)
            expected = _unit(runs[EAGER]()[0])
            for name, run in runs.items():
                row = {'engine': name, 'batch': batch, **common.time_columns(timings, name, batch, {'x eager': EAGER})}
                row['ms a triplet'] = 1000 / row['triplets/s']
                rows.append({**row, 'least cosine': float((_unit(run()[0]) * expected).sum(axis=1).min())})
    return rows


def accuracy_rows(args: argparse.Namespace) -> list[dict[str, Any]]:
    """MAP of a run's test set by each engine's features."""
    with tempfile.TemporaryDirectory() as name:
        engines = open_engines((args.run,), Path(name), 32)
        cfg = load_config(next(args.run.glob('*.py')))
        init_default_scope(cfg.default_scope)
        dataset = DATASETS.build({**cfg.test_dataloader.dataset, 'lazy_init': False})
        records = [dataset.get_data_info(index) for index in range(len(dataset))]
        rows = []
        for engine, reid in engines.items():
            features = torch.from_numpy(reid([_input(record) for record in records]).features)
            rows.append({'engine': engine, 'mAP': mean_precision(features, records)})
    for row in rows:
        row['difference'] = row['mAP'] - rows[0]['mAP']
    return rows


def _input(record: dict[str, Any]) -> dict[str, Any]:
    keys = ('rgb', 'nir', 'tir')
    captions = record['captions'] or (None,) * len(keys)
    return {
        **dict(zip(keys, record['img_paths'])),
        **{f'caption_{key}': caption for key, caption in zip(keys, captions)},
        'id': record['name'],
        'camera': record['camera'],
    }


def mean_precision(features: torch.Tensor, records: list[dict[str, Any]]) -> float:
    """MAP in percent; entries of the query's identity and camera are left out."""
    identities = torch.tensor([record['label'] for record in records])
    cameras = torch.tensor([record['camera'] for record in records])
    query = torch.tensor([record['is_query'] for record in records])
    gallery = torch.tensor([record['is_gallery'] for record in records])
    scores = score_queries(
        cosine_rows(features[query], features[gallery]),
        Labels(identities[query], cameras[query]),
        Labels(identities[gallery], cameras[gallery]),
    )
    return 100 * summarize(scores)['mAP']


def _unit(features: np.ndarray) -> np.ndarray:
    return features / np.linalg.norm(features, axis=1, keepdims=True)


def main() -> None:
    """Measure and report."""
    parser = common.arguments('Engines on a CPU in units of eager float32.', repeats=5, batch_sizes=(1, 4))
    parser.add_argument('--text', action='store_true', help='with the caption encoder, though no triplet has captions')
    parser.add_argument('--run', type=Path, help='folder of a trained run: tell its mAP by each engine')
    parser.add_argument('--no-speed', action='store_true', help='the mAP alone')
    args = parser.parse_args()
    args.device = 'cpu'
    print(f'OpenVINO on this processor: {", ".join(openvino_abilities())}')
    with common.threads(args.threads):
        tables = []
        if not args.no_speed:
            tables.append(common.show(f'Engines, {args.config}', speed_rows(args), args))
        if args.run:
            tables.append(common.show(f'mAP, {args.run.name}', accuracy_rows(args), args))
    common.write(tables, args)


if __name__ == '__main__':
    main()
