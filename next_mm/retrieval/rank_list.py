"""The nearest gallery entries of each query, each marked correct or wrong (pure function)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from next_mm.retrieval.distances import DistanceRows, query_slices
from next_mm.retrieval.ranking import Labels, SameIdentity

__all__ = ['RankList', 'rank_list']


@dataclass(frozen=True)
class RankList:
    """The first entries of Q ranked galleries.

    Attributes:
        indices: (Q, K) int64 into the gallery, nearest first; -1 where fewer than K entries are left.
        distances: (Q, K), infinity where the index is -1.
        correct: (Q, K) bool, True for the query's identity.
    """

    indices: Tensor
    distances: Tensor
    correct: Tensor


def rank_list(
    rows: DistanceRows, query: Labels, gallery: Labels, *, topk: int = 10, chunk_size: int | None = None
) -> RankList:
    """List the nearest ``topk`` gallery entries of each query that are not excluded.

    Ties stand as in :mod:`next_mm.retrieval.ranking`: wrong entries before right ones, then in the gallery's order.

    Args:
        rows: the distances, e.g. ``cosine_rows(query_features, gallery_features)``.
        query: labels of the Q queries.
        gallery: labels of the G gallery entries.
        topk: entries to list, K.
        chunk_size: queries at a time.

    Raises:
        ValueError: ``topk`` is not positive, or the gallery is empty.
    """
    if topk < 1 or not len(gallery):
        raise ValueError(
            f'rank list: expected topk >= 1 and a gallery, got topk={topk} and {len(gallery)} gallery entries'
        )
    same_identity = SameIdentity(gallery)
    parts = [
        _nearest(rows(part).clone(), Labels(query.identities[part], query.groups[part]), gallery, same_identity, topk)
        for part in query_slices(len(query), len(gallery), chunk_size)
    ]
    return RankList(*(torch.cat(column) for column in zip(*parts)))


def _nearest(
    distance: Tensor, query: Labels, gallery: Labels, same_identity: SameIdentity, topk: int
) -> tuple[Tensor, Tensor, Tensor]:
    columns, _, excluded = same_identity(query)
    line, entry = excluded.nonzero(as_tuple=True)
    distance[line, columns[line, entry]] = torch.inf
    farthest = distance.kthvalue(min(topk, distance.shape[1]), dim=1).values
    line, column = ((distance <= farthest[:, None]) & distance.isfinite()).nonzero(as_tuple=True)
    value, right = distance[line, column], gallery.identities[column] == query.identities[line]
    order = right.to(torch.uint8).argsort(
        stable=True
    )  # by line, then distance, then wrong before right, then gallery order
    order = order[value[order].argsort(stable=True)]
    order = order[line[order].argsort(stable=True)]
    line, column, value, right = line[order], column[order], value[order], right[order]
    position = torch.arange(len(line), device=line.device) - torch.searchsorted(line, line)
    listed = position < topk
    place = line[listed], position[listed]
    shape = (len(distance), topk)
    indices = line.new_full(shape, -1).index_put_(place, column[listed])
    distances = value.new_full(shape, torch.inf).index_put_(place, value[listed])
    correct = right.new_zeros(shape).index_put_(place, right[listed])
    return indices, distances, correct
