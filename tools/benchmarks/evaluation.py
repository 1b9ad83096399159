"""Time of the evaluation against plain numpy.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE python tools/benchmarks/evaluation.py --out evaluation.json

1. Ranking a 3,368 x 15,913 matrix (Market-MM) under each protocol against a full numpy argsort of the same matrix. The
   stable sort gives equal distances a defined order; the default one does not, and with AVX-512 numpy runs it several
   times faster. The scores are compared with a slow loop. Beside them, the straightforward fast way without any
   protocol: sort the values alone in torch and look up the ranks of the matches.
2. Re-ranking 1,715 x 8,575 features (RGBNT100) against a literal numpy implementation.

With ``--device cuda`` ours and the fast way run on the GPU, and a full argsort there takes the place of numpy's. The
literal re-ranking stays numpy's.

All cases of a table run in turn; ratios are medians over the rounds.
"""

from __future__ import annotations

import argparse
import statistics
from functools import partial
from pathlib import Path
from typing import Any

import common
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from next_mm.retrieval import Labels, matrix_rows, rerank, score_queries, summarize
from next_mm.retrieval.reference import literal_reranking, loop_metrics

WIDTH = 1536  # the identity feature of NEXT
STABLE, DEFAULT = 'numpy argsort, stable', 'numpy argsort, default'
ARGSORT = 'torch argsort, stable'
SKETCH = 'torch sort of the values, look-up of the matches'
LITERAL = 'literal numpy'


def draw_market(num_queries: int, num_gallery: int) -> tuple[Tensor, dict[str, tuple[Labels, Labels]]]:
    """Distances and, for each protocol, labels as Market-MM has them.

    Of the gallery 18 % are distractors; the rest are of 750 identities of uneven size, 17 or 18 entries on average.
    Entries of the query's identity are nearer than others by 1.5 standard deviations.
    """
    generator = torch.Generator().manual_seed(0)
    num_identities = max(num_gallery * 750 // 15913, 2)
    shares = torch.rand(num_identities, generator=generator) + 0.2
    gallery = torch.multinomial(shares, num_gallery, replacement=True, generator=generator) + 1
    gallery[: num_gallery * 18 // 100] = 0
    query = torch.arange(num_queries) % num_identities + 1
    distance = torch.randn(num_queries, num_gallery, generator=generator)
    distance[query[:, None] == gallery] -= 1.5
    size = num_queries + num_gallery
    groups = {
        'same camera': torch.randint(6, (size,), generator=generator),
        'same scene': torch.randint(12, (size,), generator=generator),
        'itself': torch.arange(size),
    }
    return distance, {
        exclude: (Labels(query, group[:num_queries]), Labels(gallery, group[num_queries:]))
        for exclude, group in groups.items()
    }


def loop_difference(distance: Tensor, query: Labels, gallery: Labels) -> float:
    """Largest difference of mAP, CMC and mINP (as shares) to the brute-force loop."""
    ours = summarize(score_queries(matrix_rows(distance), query, gallery))
    loop = loop_metrics(
        distance.tolist(), *(values.tolist() for side in (query, gallery) for values in (side.identities, side.groups))
    )
    return max(abs(ours[name] - loop[name]) for name in loop)


def sort_and_look_up(distance: Tensor, matches: Tensor) -> Tensor:
    """Ranks (Q, M) of each query's matches, whose distances are ``matches`` (Q, M), in blocks of 256 queries."""
    return torch.cat(
        [
            torch.searchsorted(rows.sort(dim=1).values, wanted)
            for rows, wanted in zip(distance.split(256), matches.split(256))
        ]
    )


def ranking_rows(args: argparse.Namespace) -> list[dict[str, Any]]:
    """The ranking under each protocol, the two sorts, and the straightforward fast way."""
    drawn, labels = draw_market(*args.rank_size)
    distance = drawn.to(args.device)
    cases: dict[str, Any] = {}
    if args.device == 'cpu':
        cases[STABLE] = lambda: np.argsort(distance.numpy(), axis=1, kind='stable')
        cases[DEFAULT] = lambda: np.argsort(distance.numpy(), axis=1)
    else:
        cases[ARGSORT] = lambda: [rows.argsort(dim=1, stable=True) for rows in distance.split(256)]
    cases[SKETCH] = partial(sort_and_look_up, distance, distance[:, :17].contiguous())
    sorts = list(cases)
    differences: dict[str, Any] = {}
    for exclude, sides in labels.items():
        name = f'ours, excluded: {exclude}'
        query, gallery = (Labels(side.identities.to(args.device), side.groups.to(args.device)) for side in sides)
        cases[name] = partial(score_queries, matrix_rows(distance), query, gallery)
        few = slice(0, args.oracle_queries)
        differences[name] = loop_difference(distance[few], Labels(query.identities[few], query.groups[few]), gallery)
    timings = common.interleave(cases, repeats=args.repeats, warmup=args.warmup)
    return [
        {
            'case': name,
            'ms': 1000 * statistics.median(timings[name].clock),
            **{f'{sort} / this': common.ratio(timings[sort].clock, timings[name].clock) for sort in sorts},
            'largest difference': differences.get(name, '-'),
        }
        for name in cases
    ]


def reranking_rows(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Re-ranking, literal and ours."""
    num_queries, num_gallery = args.rerank_size
    generator = torch.Generator().manual_seed(0)
    identity = torch.randint(50, (num_queries + num_gallery,), generator=generator)
    centres = torch.randn(50, WIDTH, generator=generator)
    features = normalize(centres[identity] + 1.5 * torch.randn(len(identity), WIDTH, generator=generator), dim=1)
    query, gallery = features[:num_queries], features[num_queries:]
    on_device = query.to(args.device), gallery.to(args.device)
    results: dict[str, np.ndarray] = {}
    cases = {
        LITERAL: lambda: results.update(literal=literal_reranking(query.numpy(), gallery.numpy())),
        'ours': lambda: results.update(ours=rerank(*on_device).cpu().numpy()),
    }
    timings = common.interleave(cases, repeats=args.rerank_repeats, warmup=args.warmup)
    difference = float(np.abs(results['literal'] - results['ours']).max())
    return [
        {
            'case': name,
            's': statistics.median(timings[name].clock),
            f'{LITERAL} / this': common.ratio(timings[LITERAL].clock, timings[name].clock),
            'largest difference': '-' if name == LITERAL else difference,
        }
        for name in cases
    ]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rank-size', type=int, nargs=2, default=[3368, 15913], metavar=('Q', 'G'))
    parser.add_argument('--rerank-size', type=int, nargs=2, default=[1715, 8575], metavar=('Q', 'G'))
    parser.add_argument('--oracle-queries', type=int, default=300, help='queries that the brute-force loop scores too')
    parser.add_argument('--repeats', type=int, default=7, help='rounds of the ranking')
    parser.add_argument('--rerank-repeats', type=int, default=3, help='rounds of the re-ranking')
    parser.add_argument('--warmup', type=int, default=1, help='rounds before those that count')
    parser.add_argument('--device', default='cpu', help='such as cuda (default: cpu)')
    parser.add_argument('--out', type=Path, help='JSON file to write')
    args = parser.parse_args()
    args.threads = torch.get_num_threads()
    numpy = f'numpy {np.__version__}'
    tables = [common.show(f'Ranking {args.rank_size[0]} x {args.rank_size[1]}, {numpy}', ranking_rows(args), args)]
    tables.append(
        common.show(f'Re-ranking {args.rerank_size[0]} x {args.rerank_size[1]}, {numpy}', reranking_rows(args), args)
    )
    common.write(tables, args)


if __name__ == '__main__':
    main()
