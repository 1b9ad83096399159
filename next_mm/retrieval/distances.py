"""Distances of queries to a gallery, served a tile of queries at a time (pure functions).

A matrix product rounds its sums differently for other shapes and other columns. Two steps keep that out of a ranking:
products are always computed for the same tiles of queries, whatever slice is asked for, and gallery entries with equal
features get the distance of the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

__all__ = [
    'CHUNK_ELEMENTS',
    'DistanceRows',
    'cosine_rows',
    'equal_rows',
    'matrix_rows',
    'query_slices',
    'tiled_rows',
]

DistanceRows = Callable[[slice], Tensor]
"""Gives the distances (rows, G) of a slice of the queries to the whole gallery; the result must not be changed."""

_KIND = 0x5DEECE66D  # an odd number, so that kinds change a key

CHUNK_ELEMENTS = 2**24
"""Distances held at a time, unless a chunk size is given: 64 MiB of float32."""


def query_slices(num_queries: int, num_gallery: int, chunk_size: int | None = None) -> Iterator[slice]:
    """Cut the queries into slices of ``chunk_size``, or by default of about :data:`CHUNK_ELEMENTS` distances."""
    if chunk_size is None:
        chunk_size = _default_chunk(num_gallery)
    for start in range(0, num_queries, chunk_size):
        yield slice(start, min(start + chunk_size, num_queries))


def matrix_rows(distance: Tensor) -> DistanceRows:
    """Serve the rows of a (Q, G) distance matrix."""
    return lambda rows: distance[rows]


def cosine_rows(query: Tensor, gallery: Tensor) -> DistanceRows:
    """Serve the negative cosine similarity of L2-normalised features, computed when asked for.

    On such features it orders like the Euclidean distance, and without the rounding of ``1 - cosine`` it makes no ties.

    Args:
        query: (Q, F) features.
        gallery: (G, F) features.
    """
    return tiled_rows(lambda rows: (query[rows] @ gallery.T).neg_(), len(query), len(gallery), equal_rows(gallery))


def tiled_rows(
    block: Callable[[slice], Tensor], num_queries: int, num_gallery: int, equal: tuple[Tensor, Tensor] | None = None
) -> DistanceRows:
    """Serve rows of distances that do not depend on the slices that are asked for.

    Args:
        block: computes the distances (rows, G) of a slice of the queries.
        num_queries: number of queries Q.
        num_gallery: number of gallery entries G.
        equal: (E,) gallery entries and (E,) those whose distances they take, see :func:`equal_rows`.
    """
    size = _default_chunk(num_gallery)
    held: dict[int, Tensor] = {}  # the tile that was served in part, by its first query

    def tile(start: int) -> Tensor:
        distance = block(slice(start, min(start + size, num_queries)))
        if equal is not None:
            distance[:, equal[0]] = distance[:, equal[1]]
        return distance

    def serve(rows: slice) -> Tensor:
        parts = []
        for start in range(rows.start - rows.start % size, rows.stop, size):
            stop = min(start + size, num_queries)
            first, last = max(rows.start, start), min(rows.stop, stop)
            if (first, last) == (start, stop):
                parts.append(tile(start))
                continue
            if start not in held:
                held.clear()
                held[start] = tile(start)
            parts.append(held[start][first - start : last - start])
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    return serve


def equal_rows(features: Tensor, kinds: Tensor | None = None) -> tuple[Tensor, Tensor] | None:
    """Find rows that are equal to an earlier row.

    Args:
        features: (N, F) features.
        kinds: (N,) whole numbers from 0 to 1,000; rows of different kinds count as different.

    Returns:
        (E,) the rows and (E,) the first row equal to each, or None where all rows differ.
    """
    probe = features[:, [0, features.shape[1] // 2, -1]] + 0.0  # -0 becomes 0
    candidates = _repeated(_row_keys(probe))
    if not len(candidates):
        return None
    keys = torch.cat(
        [_row_keys(features[candidates[part]] + 0.0) for part in query_slices(len(candidates), features.shape[1])]
    )
    if kinds is not None:
        keys += kinds[candidates] * _KIND
    kept = _repeated(keys)
    candidates, keys = candidates[kept], keys[kept]
    order = keys.argsort(stable=True)  # rows of one key stand in the order of the table
    _, counts = keys[order].unique_consecutive(return_counts=True)
    firsts = candidates[order[counts.cumsum(0) - counts]].repeat_interleave(counts)
    rows = candidates[order]
    later = rows != firsts
    return (rows[later], firsts[later]) if later.any() else None


def _default_chunk(num_gallery: int) -> int:
    return max(CHUNK_ELEMENTS // max(num_gallery, 1), 1)


def _row_keys(rows: Tensor) -> Tensor:
    """Map equal rows (N, F) to equal keys (N,) by integer arithmetic, which is exact in any order."""
    bits = rows.contiguous().view({2: torch.int16, 4: torch.int32, 8: torch.int64}[rows.element_size()])
    generator = torch.Generator().manual_seed(0)
    weights = torch.randint(-(2**62), 2**62, (rows.shape[1],), generator=generator) * 2 + 1
    return (bits.to(torch.int64) * weights.to(rows.device)).sum(dim=1)


def _repeated(keys: Tensor) -> Tensor:
    """Return the indices (E,) of the keys that occur more than once, ascending."""
    _, inverse, counts = keys.unique(return_inverse=True, return_counts=True)
    return (counts[inverse] > 1).nonzero().flatten()
