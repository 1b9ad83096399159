"""A gallery against a bare matrix product: ``python tools/benchmarks/search.py``.

CPU time of a query under filters in units of the product of the query with all features, the share of the nearest ten
entries that are found, entries added a second (each batch is on disk when ``add`` returns), opening, disk and memory.
The bare product is float32; of half-precision galleries it is measured on the first 100,000 entries and scaled. With
``--device cuda`` features are compared on the GPU, and times are those on the clock.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import common
import numpy as np
import torch

from next_mm.gallery import Gallery
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace

BATCH = 5000
CAMERAS, IDENTITIES = 20, 5000
MOST_BARE = 100_000


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--entries', type=int, nargs='+', default=[100_000])
    parser.add_argument('--dim', type=int, default=1536)
    parser.add_argument('--dtype', choices=['float32', 'float16'], default='float32')
    parser.add_argument('--queries', type=int, default=50)
    parser.add_argument('--center', type=int, metavar='DIM', help='centre the features and keep this many dimensions')
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--device', default='cpu', help='where features are compared, such as cuda (default: cpu)')
    parser.add_argument('--out', type=Path, help='JSON file to write')
    return parser.parse_args()


def make(space: FeatureSpace, start: int, count: int) -> FeatureSet:
    """Synthetic unit features: a centre for each identity, and noise."""
    rng = np.random.default_rng(start)
    centres = np.random.default_rng(0).normal(size=(IDENTITIES, 128)).astype(np.float32)
    basis = np.random.default_rng(1).normal(size=(128, space.dim)).astype(np.float32)
    rows = centres[np.arange(start, start + count) % IDENTITIES] @ basis / 11
    rows += rng.standard_normal(size=rows.shape, dtype=np.float32)
    ids = [f'{number:08d}' for number in range(start, start + count)]
    return FeatureSet(space, ids, rows, np.ones((count, 3), bool), np.zeros((count, 3), bool)).checked()


def fill(gallery: Gallery, entries: int) -> float:
    """Add entries; returns the seconds that adding took."""
    spent = 0.0
    for start in range(0, entries, BATCH):
        count = min(BATCH, entries - start)
        features, numbers = make(gallery.space, start, count), range(start, start + count)
        began = time.perf_counter()
        gallery.add(
            features,
            camera=[f'camera {number % CAMERAS}' for number in numbers],
            identity=[str(number % IDENTITIES) for number in numbers],
            time=[float(number) for number in numbers],
        )
        spent += time.perf_counter() - began
    return spent


def milliseconds(call: Callable[[], object], repeats: int, device: str) -> float:
    """Milliseconds of a call: CPU time of all threads together, or on a GPU the time on the clock."""
    read = time.process_time if device == 'cpu' else time.perf_counter
    call()
    common.synchronize()
    start = read()
    for _ in range(repeats):
        call()
    common.synchronize()
    return (read() - start) / repeats * 1000


def measure(entries: int, args: argparse.Namespace) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Measure one size; returns the row of the store and those of the queries."""
    parts = args.dim // 3
    space = FeatureSpace('benchmark', '0' * 64, (0,) * parts + (1,) * parts + (2,) * (args.dim - 2 * parts))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'gallery'
        with Gallery.open(path, space, dtype=args.dtype) as gallery:
            spent = fill(gallery, entries)
            if args.center:
                gallery.fit_transform(args.center)
        began, began_cpu = time.perf_counter(), time.process_time()
        with Gallery.open(path, space, device=args.device) as gallery:
            gallery.search(make(space, 0, 1))
            store = {
                'entries': f'{entries:,} {args.dtype}',
                'added rows/s': round(entries / spent),
                'opened and searched s': time.perf_counter() - began,
                'CPU s of it': time.process_time() - began_cpu,
                'disk MB': round(gallery.stats()['bytes'] / 1e6),
            }
            rows = list(search_rows(gallery, entries, args))
        store['peak GiB'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return store, rows


def search_rows(gallery: Any, entries: int, args: argparse.Namespace) -> Any:
    """Yield a row for each kind of filter."""
    query = make(gallery.space, 10**7, 1)
    matrix = gallery.index.plain.rows
    floor = matrix[: entries if args.dtype == 'float32' else MOST_BARE].float().T
    vector = torch.from_numpy(gallery.comparable(query).features).to(args.device)
    bare = milliseconds(lambda: vector @ floor, args.queries, args.device) * entries / floor.shape[1]
    unit = 'CPU ms' if args.device == 'cpu' else 'ms'
    low, high = entries * 0.4, entries * 0.41
    for name, filters in (
        ('none', {}),
        ('not one camera', {'not_camera': 'camera 3'}),
        ('1 % of the time', {'after': low, 'before': high}),
        ('1 % of the time, one camera', {'after': low, 'before': high, 'camera': 'camera 3'}),
    ):
        spent = milliseconds(partial(gallery.search, query, **filters), args.queries, args.device)
        yield {
            'entries': f'{entries:,} {args.dtype}',
            'filter': name,
            unit: spent,
            f'bare product, {unit}': bare,
            'x bare product': spent / bare,
            'recall': measure_recall(gallery, filters, entries),
        }


def measure_recall(gallery: Any, filters: dict[str, Any], entries: int, queries: int = 20) -> float:
    """Share of the ten nearest entries under a filter, by a plain sort in float64, that the gallery returns.

    The features are those that the gallery holds; of equal scores any will do.
    """
    numbers = np.arange(entries)
    keep = np.ones(entries, bool)
    if 'not_camera' in filters:
        keep &= numbers % CAMERAS != 3
    if 'camera' in filters:
        keep &= numbers % CAMERAS == 3
    if 'after' in filters:
        keep &= (numbers >= filters['after']) & (numbers < filters['before'])
    query, rows = make(gallery.space, 2 * 10**7, queries), gallery.index.plain.rows
    vectors = torch.from_numpy(gallery.comparable(query).features).to(rows.device).double()
    places, most = np.flatnonzero(keep), min(10, int(keep.sum()))
    blocks = [
        (vectors @ rows[torch.from_numpy(block).to(rows.device)].double().T).cpu().numpy()
        for block in np.array_split(places, -(-len(places) // 20_000))
    ]
    scores = np.concatenate(blocks, axis=1)
    found = 0
    for row, hits in zip(scores, gallery.search(query, top=10, **filters)):
        best = {f'{places[place]:08d}' for place in np.argsort(-row, kind='stable')[:most]}
        found += len(best & {hit.id for hit in hits})
    return found / (most * queries)


def main() -> None:
    """Measure every size."""
    args = parse_arguments()
    with common.threads(args.threads):
        stores, rows = zip(*(measure(entries, args) for entries in args.entries))
    tables = [
        common.show(f'The store, features {args.dim} wide', stores, args),
        common.show('A query', itertools.chain.from_iterable(rows), args),
    ]
    common.write(tables, args)


if __name__ == '__main__':
    main()
