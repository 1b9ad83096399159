"""Time and memory of the evaluation against plain numpy.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python tools/benchmarks/evaluation.py --out evaluation.json

1. Ranking a 3,368 x 15,913 matrix (Market-MM) against a full numpy argsort of the same matrix, medians of interleaved
repeats. The stable sort gives equal distances a defined order; the default one does not, and with AVX-512 numpy runs it
several times faster.
2. Re-ranking 1,715 x 8,575 features (RGBNT100) against the literal numpy implementation of the tests, same numbers.
3. Growth with the gallery, from features, each size in its own process: time, memory beyond the features, and the
slope.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch.nn.functional import normalize

from next_mm.evaluation import Labels, cosine_rows, matrix_rows, rerank, score_queries

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 1536  # the identity feature of NEXT


def draw_labels(size: int, identities: int, generator: torch.Generator) -> Labels:
    return Labels(
        torch.randint(identities, (size,), generator=generator), torch.randint(6, (size,), generator=generator)
    )


def interleave(jobs: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each job, the jobs taking turns."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in times.items()}


def bench_ranking(repeats: int) -> dict[str, float]:
    generator = torch.Generator().manual_seed(0)
    distance = torch.randn(3368, 15913, generator=generator)
    query, gallery = draw_labels(3368, 750, generator), draw_labels(15913, 750, generator)
    return interleave(
        {
            'numpy argsort, stable': lambda: np.argsort(distance.numpy(), axis=1, kind='stable'),
            'numpy argsort, default': lambda: np.argsort(distance.numpy(), axis=1),
            'ours': lambda: score_queries(matrix_rows(distance), query, gallery),
        },
        repeats,
    )


def bench_reranking(repeats: int) -> dict[str, float]:
    sys.path.insert(0, str(ROOT))
    from tests.evaluation.oracle import literal_reranking

    generator = torch.Generator().manual_seed(0)
    identity = torch.randint(50, (1715 + 8575,), generator=generator)
    centres = torch.randn(50, WIDTH, generator=generator)
    features = normalize(centres[identity] + 1.5 * torch.randn(len(identity), WIDTH, generator=generator), dim=1)
    query, gallery = features[:1715], features[1715:]
    results: dict[str, np.ndarray] = {}
    times = interleave(
        {
            'literal numpy': lambda: results.update(literal=literal_reranking(query.numpy(), gallery.numpy())),
            'ours': lambda: results.update(ours=rerank(query, gallery).numpy()),
        },
        repeats,
    )
    return {**times, 'largest difference': float(np.abs(results['literal'] - results['ours']).max())}


def peak_kib() -> int:
    """Peak memory of this process; unlike ``ru_maxrss`` it does not start at the parent's."""
    lines = Path('/proc/self/status').read_text(encoding='ascii').splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith('VmHWM'))


def measure_growth(num_gallery: int, num_queries: int, width: int) -> dict[str, float]:
    """One size of the growth table, in this process."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(num_queries + num_gallery, width, generator=generator)
    normalize(features, dim=1, out=features)
    query = draw_labels(num_queries, num_gallery // 20, generator)
    gallery = draw_labels(num_gallery, num_gallery // 20, generator)
    before = peak_kib()
    start = time.perf_counter()
    score_queries(cosine_rows(features[:num_queries], features[num_queries:]), query, gallery)
    seconds = time.perf_counter() - start
    peak = peak_kib()
    return {
        'gallery': num_gallery,
        'seconds': seconds,
        'working MiB': (peak - before) / 1024,
        'process MiB': peak / 1024,
        'features MiB': features.nbytes / 2**20,
    }


def bench_growth(sizes: list[int], num_queries: int, width: int) -> list[dict[str, float]]:
    rows = []
    for size in sizes:
        command = [sys.executable, __file__, '--grow', str(size), str(num_queries), str(width)]
        rows.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    return rows


def slope(rows: list[dict[str, float]], key: str) -> float:
    """Exponent of the growth between the first and the last size."""
    return math.log(rows[-1][key] / rows[0][key]) / math.log(rows[-1]['gallery'] / rows[0]['gallery'])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, help='JSON file for the figures')
    parser.add_argument('--repeats', type=int, default=7, help='interleaved repeats of the ranking')
    parser.add_argument('--rerank-repeats', type=int, default=1, help='interleaved repeats of the re-ranking')
    parser.add_argument('--grow', type=int, nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.grow:
        print(json.dumps(measure_growth(*args.grow)))
        return
    results: dict[str, object] = {
        'torch': torch.__version__,
        'numpy': np.__version__,
        'threads': torch.get_num_threads(),
    }
    ranking = bench_ranking(args.repeats)
    print('| ranking 3,368 x 15,913 | seconds | times ours |\n| --- | ---: | ---: |')
    for name, seconds in ranking.items():
        print(f'| {name} | {seconds:.3f} | {seconds / ranking["ours"]:.1f} |', flush=True)
    reranking = bench_reranking(args.rerank_repeats)
    print('\n| re-ranking 1,715 x 8,575 | seconds | ratio |\n| --- | ---: | ---: |')
    for name in ('literal numpy', 'ours'):
        print(f'| {name} | {reranking[name]:.2f} | {reranking["literal numpy"] / reranking[name]:.1f} |')
    print(f'Largest difference of a distance: {reranking["largest difference"]:.1e}\n', flush=True)
    growth = bench_growth([12_500, 25_000, 50_000, 100_000], 1000, 512)
    print('| gallery (1,000 queries x 512) | seconds | working MiB | process MiB |\n| ---: | ---: | ---: | ---: |')
    for row in growth:
        print(f'| {row["gallery"]:,} | {row["seconds"]:.2f} | {row["working MiB"]:.0f} | {row["process MiB"]:.0f} |')
    slopes = {key: slope(growth, key) for key in ('seconds', 'working MiB')}
    print(f'Growth exponent with the gallery: time {slopes["seconds"]:.2f}, working memory {slopes["working MiB"]:.2f}')
    results.update(ranking=ranking, reranking=reranking, growth=growth, slopes=slopes)
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(results, indent=2) + '\n', encoding='utf-8')


if __name__ == '__main__':
    main()
