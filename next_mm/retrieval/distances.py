"""Distances between the rows of a table of features, served a tile of queries at a time (pure functions).

A matrix product rounds its sums differently for other shapes and other columns. Two steps keep that out of a ranking:
products are always computed for the same tiles of queries, whatever slice is asked for, and gallery entries with equal
features get the distance of the first of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

__all__ = [
    'CHUNK_ELEMENTS',
    'Comparison',
    'CosineComparison',
    'DistanceRows',
    'EuclideanComparison',
    'cosine_rows',
    'equal_rows',
    'matrix_rows',
    'query_slices',
    'tiled_rows',
]

DistanceRows = Callable[[slice], Tensor]
"""Gives the distances (rows, G) of a slice of the queries to the whole gallery; the result must not be changed."""

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


def equal_rows(features: Tensor) -> tuple[Tensor, Tensor] | None:
    """Find rows that are equal to an earlier row.

    Args:
        features: (N, F) features.

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
    kept = _repeated(keys)
    candidates, keys = candidates[kept], keys[kept]
    order = keys.argsort(stable=True)  # rows of one key stand in the order of the table
    _, counts = keys[order].unique_consecutive(return_counts=True)
    firsts = candidates[order[counts.cumsum(0) - counts]].repeat_interleave(counts)
    rows = candidates[order]
    later = rows != firsts
    return (rows[later], firsts[later]) if later.any() else None


class Comparison:
    """How far apart the rows of one table of features are.

    Attributes:
        measure: what the distances are.
        features: (N, F) features.
    """

    measure: ClassVar[Literal['cosine', 'euclidean']] = 'cosine'

    def __init__(self, features: Tensor) -> None:
        self.features = features

    def order(self, rows: slice, columns: slice) -> Tensor:
        """Return distances (R, C) that rank, smallest first; they may be negative."""
        raise NotImplementedError

    def squared(self, rows: slice, columns: slice) -> Tensor:
        """Return squared Euclidean distances (R, C)."""
        raise NotImplementedError

    def squared_pairs(self, left: Tensor, right: Tensor) -> Tensor:
        """Return squared Euclidean distances (E,) of single pairs of rows, given by (E,) indices."""
        raise NotImplementedError

    def readable(self, order: Tensor) -> Tensor:
        """Turn what :meth:`order` gives into values of :attr:`measure`."""
        raise NotImplementedError

    def rows(self, queries: slice, gallery: slice) -> DistanceRows:
        """Serve the distances of queries to the gallery, both slices of the table, as :meth:`order` gives them."""

        def block(rows: slice) -> Tensor:
            return self.order(slice(queries.start + rows.start, queries.start + rows.stop), gallery)

        num_queries, num_gallery = queries.stop - queries.start, gallery.stop - gallery.start
        return tiled_rows(block, num_queries, num_gallery, equal_rows(self.features[gallery]))


class CosineComparison(Comparison):
    """Cosine similarity.

    Args:
        features: (N, F) L2-normalised features.
    """

    def order(self, rows: slice, columns: slice) -> Tensor:
        """Return the negative cosine (R, C)."""
        return (self.features[rows] @ self.features[columns].T).neg_()

    def squared(self, rows: slice, columns: slice) -> Tensor:
        """Return ``2 - 2 cosine`` (R, C)."""
        return self.order(rows, columns).mul_(2).add_(2).clamp_(min=0)

    def squared_pairs(self, left: Tensor, right: Tensor) -> Tensor:
        """Return ``2 - 2 cosine`` (E,) of single pairs."""
        return (self.features[left] * self.features[right]).sum(dim=1).mul_(-2).add_(2).clamp_(min=0)

    def readable(self, order: Tensor) -> Tensor:
        """Return the cosine."""
        return -order


class EuclideanComparison(Comparison):
    """Euclidean distance of features as they are.

    Args:
        features: (N, F) features.
    """

    measure: ClassVar[Literal['cosine', 'euclidean']] = 'euclidean'

    def __init__(self, features: Tensor) -> None:
        super().__init__(features)
        self.norms = torch.cat([features[part].square().sum(dim=1) for part in query_slices(*features.shape)])

    def order(self, rows: slice, columns: slice) -> Tensor:
        """Return the squared distance (R, C)."""
        products = self.features[rows] @ self.features[columns].T
        return products.mul_(-2).add_(self.norms[rows][:, None]).add_(self.norms[columns]).clamp_(min=0)

    def squared(self, rows: slice, columns: slice) -> Tensor:
        """Return the squared distance (R, C)."""
        return self.order(rows, columns)

    def squared_pairs(self, left: Tensor, right: Tensor) -> Tensor:
        """Return the squared distance (E,) of single pairs."""
        return (self.features[left] - self.features[right]).square().sum(dim=1)

    def readable(self, order: Tensor) -> Tensor:
        """Return the distance."""
        return order.sqrt()


def normalized(features: Tensor) -> Tensor:
    """Divide each row (N, F) by its L2 norm, in place."""
    return normalize(features, dim=1, out=features)


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
