"""A gallery against a bare matrix product: CPU time of a query under filters, rows added a
second, opening, disk, growth.

python tools/benchmarks/search.py --entries 100000
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from next_mm.gallery import Gallery
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace

BATCH = 5000
CAMERAS, IDENTITIES = 20, 5000


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--entries', type=int, nargs='+', default=[100_000])
    parser.add_argument('--dim', type=int, default=1536)
    parser.add_argument('--dtype', choices=['float32', 'float16'], default='float32')
    parser.add_argument('--queries', type=int, default=50)
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    return parser.parse_args()


def make(space: FeatureSpace, start: int, count: int) -> FeatureSet:
    """Synthetic unit features: a centre for each identity, and noise."""
    rng = np.random.default_rng(start)
    centres = np.random.default_rng(0).normal(size=(IDENTITIES, 128)).astype(np.float32)
    basis = np.random.default_rng(1).normal(size=(128, space.dim)).astype(np.float32)
    rows = centres[np.arange(start, start + count) % IDENTITIES] @ basis / 11
    rows += rng.normal(size=rows.shape).astype(np.float32)
    ids = [f'{number:08d}' for number in range(start, start + count)]
    return FeatureSet(space, ids, rows, np.ones((count, 3), bool), np.zeros((count, 3), bool)).checked()


def cpu_ms(call: Callable[[], object], repeats: int) -> float:
    """CPU milliseconds of a call, all threads together."""
    call()
    start = time.process_time()
    for _ in range(repeats):
        call()
    return (time.process_time() - start) / repeats * 1000


def run(entries: int, args: argparse.Namespace) -> None:
    """Measure one size."""
    parts = args.dim // 3
    space = FeatureSpace('benchmark', '0' * 64, (0,) * parts + (1,) * parts + (2,) * (args.dim - 2 * parts))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'gallery'
        spent = 0.0
        with Gallery.open(path, space, dtype=args.dtype) as gallery:
            for start in range(0, entries, BATCH):
                count = min(BATCH, entries - start)
                features, numbers = make(space, start, count), range(start, start + count)
                began = time.perf_counter()
                gallery.add(
                    features,
                    camera=[f'camera {number % CAMERAS}' for number in numbers],
                    identity=[str(number % IDENTITIES) for number in numbers],
                    time=[float(number) for number in numbers],
                )
                spent += time.perf_counter() - began
        print(f'{entries:,} x {args.dim} {args.dtype}, {args.threads} threads')
        print(f'  added durably: {entries / spent:,.0f} rows/s')
        began = time.perf_counter()
        with Gallery.open(path, space) as gallery:
            gallery.search(make(space, 0, 1))
            print(f'  opened and searched once: {time.perf_counter() - began:.2f} s')
            print(f'  on disk: {gallery.stats()["bytes"] / 1e6:,.0f} MB')
            query = make(space, 10**7, 1)
            matrix = gallery.index.plain.rows.float()
            vector = torch.from_numpy(query.features)
            bare = cpu_ms(lambda: vector @ matrix.T, args.queries)
            print(f'  bare matrix product: {bare:.1f} ms of CPU a query')
            low, high = entries * 0.4, entries * 0.41
            for name, filters in (
                ('all', {}),
                ('not one camera', {'not_camera': 'camera 3'}),
                ('1 % of the time', {'after': low, 'before': high}),
                ('1 % of the time, one camera', {'after': low, 'before': high, 'camera': 'camera 3'}),
            ):
                spent = cpu_ms(partial(gallery.search, query, **filters), args.queries)
                recall = measure_recall(gallery, space, matrix, filters, entries)
                print(f'  {name}: {spent:.1f} ms, {spent / bare:.2f} of the bare product, recall {recall:.3f}')
        print(f'  peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB')


def measure_recall(
    gallery: Gallery, space: FeatureSpace, matrix: torch.Tensor, filters: dict, entries: int, queries: int = 20
) -> float:
    """Share of the ten nearest entries under a filter, by a plain sort, that the gallery returns."""
    numbers = np.arange(entries)
    keep = np.ones(entries, bool)
    if 'not_camera' in filters:
        keep &= numbers % CAMERAS != 3
    if 'camera' in filters:
        keep &= numbers % CAMERAS == 3
    if 'after' in filters:
        keep &= (numbers >= filters['after']) & (numbers < filters['before'])
    query = make(space, 2 * 10**7, queries)
    scores = (torch.from_numpy(query.features) @ matrix.T).numpy()
    scores[:, ~keep] = -np.inf
    found, most = 0, min(10, int(keep.sum()))
    for row, hits in zip(scores, gallery.search(query, top=10, **filters)):
        best = {f'{number:08d}' for number in np.argsort(-row, kind='stable')[:most]}
        found += len(best & {hit.id for hit in hits})
    return found / (most * queries)


def main() -> None:
    """Measure every size."""
    args = parse_arguments()
    torch.set_num_threads(args.threads)
    for entries in args.entries:
        run(entries, args)


if __name__ == '__main__':
    main()
