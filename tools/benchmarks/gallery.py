"""How time and memory of the evaluation grow with the gallery: ``python tools/benchmarks/gallery.py``.

From features, each size in a process of its own: the ranking alone, and ReIDMetric from its batches to the scores.
``base`` is the process with everything imported and used once; ``working`` is what the peak adds to base and features.
Features and distances are random. The slope is that of the logarithms, from the first size to the last: 1 is linear
growth.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from memory import peak_mib

CASES = ('ranking', 'ReIDMetric')
PER_IDENTITY, CAMERAS = 20, 6


def measure(case: str, num_queries: int, num_gallery: int, width: int, batch: int) -> dict[str, float]:
    """One size of one case, in this process."""
    run = {'ranking': rank, 'ReIDMetric': evaluate}[case]
    run(20, 200, width, batch)  # whatever is loaded and reserved at the first use
    base = peak_mib()
    seconds = run(num_queries, num_gallery, width, batch)
    peak, features = peak_mib(), (num_queries + num_gallery) * width * 4 / 2**20
    return {
        's': seconds,
        'base MiB': base,
        'features MiB': features,
        'working MiB': peak - base - features,
        'beyond base MiB': peak - base,
        'process MiB': peak,
    }


def rank(num_queries: int, num_gallery: int, width: int, batch: int) -> float:
    """Seconds of ranking given features."""
    import torch

    from next_mm.retrieval import Labels, cosine_rows, score_queries

    generator = torch.Generator().manual_seed(0)
    features = torch.randn(num_queries + num_gallery, width, generator=generator)
    for part in features.split(batch):
        torch.nn.functional.normalize(part, dim=1, out=part)
    identities = torch.randint(num_gallery // PER_IDENTITY, (len(features),), generator=generator)
    cameras = torch.randint(CAMERAS, (len(features),), generator=generator)
    query, gallery = (
        Labels(identities[:num_queries], cameras[:num_queries]),
        Labels(identities[num_queries:], cameras[num_queries:]),
    )
    start = time.perf_counter()
    score_queries(cosine_rows(features[:num_queries], features[num_queries:]), query, gallery)
    return time.perf_counter() - start


def evaluate(num_queries: int, num_gallery: int, width: int, batch: int) -> float:
    """Seconds of ReIDMetric once all batches are there."""
    import torch

    from next_mm.evaluation import ReIDMetric

    generator = torch.Generator().manual_seed(0)
    metric = ReIDMetric()
    size = num_queries + num_gallery
    for first in range(0, size, batch):
        rows = torch.randn(min(batch, size - first), width, generator=generator)
        identities = torch.randint(num_gallery // PER_IDENTITY, (len(rows),), generator=generator).tolist()
        metric.process(
            None,
            [
                dict(
                    sample_idx=first + index,
                    name=f'{first + index:06d}.jpg',
                    identity=identity,
                    camera=index % CAMERAS,
                    scene=0,
                    is_query=first + index < num_queries,
                    is_gallery=first + index >= num_queries,
                    feature=row,
                )
                for index, (row, identity) in enumerate(zip(rows, identities))
            ],
        )
    start = time.perf_counter()
    metric.evaluate(size)
    return time.perf_counter() - start


def grow(case: str, args: argparse.Namespace) -> list[dict[str, Any]]:
    """All sizes of one case."""
    import common

    rows: list[dict[str, Any]] = []
    for size in args.sizes:
        command = [
            sys.executable,
            __file__,
            '--measure',
            case,
            '--sizes',
            size,
            '--queries',
            args.queries,
            '--width',
            args.width,
            '--batch',
            args.batch,
        ]
        done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
        rows.append(
            {
                'case': case,
                'gallery': size,
                **json.loads(done.stdout.splitlines()[-1]),
                'slope of time': '',
                'slope of working': '',
            }
        )
    if len(rows) > 1:
        for column, name in (('slope of time', 's'), ('slope of working', 'working MiB')):
            rows[-1][column] = round(common.slope(args.sizes, [row[name] for row in rows]), 2)
    return rows


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--sizes', type=int, nargs='+', default=[12_500, 25_000, 50_000, 100_000], help='gallery entries'
    )
    parser.add_argument('--queries', type=int, default=3000)
    parser.add_argument('--width', type=int, default=1536, help="of the features; NEXT's by default")
    parser.add_argument('--batch', type=int, default=128, help='samples that reach the metric at a time')
    parser.add_argument('--out', type=Path, help='JSON file to write')
    parser.add_argument('--measure', choices=CASES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure, args.queries, args.sizes[0], args.width, args.batch)))
        return
    import common  # only here: the processes that are measured shall not hold what it loads
    import torch

    args.device, args.threads = 'cpu', torch.get_num_threads()
    rows = [row for case in CASES for row in grow(case, args)]
    common.report(f'Evaluation against the gallery, {args.queries} queries, width {args.width}', rows, args)


if __name__ == '__main__':
    main()
