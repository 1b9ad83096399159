"""k-reciprocal re-ranking (Zhong et al., Re-ranking Person Re-identification with k-reciprocal Encoding, CVPR 2017),
sparse.

Published "+ re-ranking" figures come from the authors' released conventions, and so do ours. Where they go beyond the
paper's text:

* neighbours are looked for in queries and gallery together, and a sample is its own nearest neighbour: N(p, k) has k +
  1 members;
* the distance is the squared Euclidean one of L2-normalised features, divided by the largest in the sample's row;
* each row of V (Eq. 7) is divided by its sum, so Eq. 10 becomes 1 - m / (2 - m) with m the sum of the minima;
* R(q, k/2) joins R(p, k) when it shares *more than* two thirds of its members with it (Eq. 5 says "at least").

A sample that is both query and gallery entry takes part once. Nothing of size N x N is held: a row of V has at most a
few hundred entries, so the sums of minima are taken over the pairs of entries that meet.
"""

from __future__ import annotations

import itertools
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from next_mm.retrieval.comparison import Comparison, CosineComparison
from next_mm.retrieval.distances import DistanceRows, query_slices, tiled_rows
from next_mm.utils.options import check_integer, check_number

__all__ = ['ReRanking', 'rerank']


@dataclass(frozen=True)
class ReRanking:
    """Options of k-reciprocal re-ranking; the defaults are the paper's.

    Attributes:
        k1: neighbours of the reciprocal sets.
        k2: neighbours of the local query expansion, the sample itself included; 1 turns it off.
        lambda_value: share of the original distance in the final one, 0..1.

    Raises:
        ConfigError: a value is out of range.
    """

    k1: int = 20
    k2: int = 6
    lambda_value: float = 0.3

    def __post_init__(self) -> None:
        check_integer('rerank.k1', self.k1, 1)
        check_integer('rerank.k2', self.k2, 1)
        check_number('rerank.lambda_value', self.lambda_value, 0, 1)

    def rows(self, comparison: Comparison, queries: slice, gallery: slice) -> DistanceRows:
        """Prepare the re-ranked distances and serve them row by row.

        Args:
            comparison: compares the N features of queries and gallery.
            queries: the rows of the queries.
            gallery: the rows of the gallery; may overlap the queries.
        """
        neighbours, farthest = nearest_neighbours(comparison, max(self.k1 + 1, self.k2))
        owner, member = expanded_reciprocal_sets(neighbours, self.k1)
        weight = _reciprocal_weights(comparison, owner, member, farthest)
        encoding = expand_queries(owner, member, weight, neighbours[:, : self.k2])
        jaccard = _JaccardRows(encoding, gallery)

        def block(rows: slice) -> Tensor:
            asked = slice(queries.start + rows.start, queries.start + rows.stop)
            original = comparison.squared(asked, gallery) / farthest[asked, None]
            return jaccard(asked).mul_(1 - self.lambda_value).add_(original, alpha=self.lambda_value)

        return tiled_rows(block, queries.stop - queries.start, gallery.stop - gallery.start)


def rerank(query: Tensor, gallery: Tensor, options: ReRanking = ReRanking()) -> Tensor:
    """Re-rank a gallery for each query.

    Args:
        query: (Q, F) L2-normalised features.
        gallery: (G, F) L2-normalised features, none of them among the queries.
        options: the neighbourhood sizes and the share of the original distance.

    Returns:
        (Q, G) distances.
    """
    num_queries, total = len(query), len(query) + len(gallery)
    comparison = CosineComparison(torch.cat([query, gallery]))
    rows = options.rows(comparison, slice(0, num_queries), slice(num_queries, total))
    return torch.cat([rows(part) for part in query_slices(num_queries, len(gallery))])


def nearest_neighbours(comparison: Comparison, count: int) -> tuple[Tensor, Tensor]:
    """Find the nearest samples of each of the N samples, itself first.

    Returns:
        indices (N, count), and the squared distance (N,) of the farthest sample of each.
    """
    total = len(comparison.features)
    parts = []
    for part in query_slices(total, total):
        distance = comparison.squared(part, slice(0, total))
        farthest = distance.amax(dim=1)
        own = torch.arange(part.start, part.stop, device=distance.device)
        distance[torch.arange(len(own), device=own.device), own] = -1  # before its exact copies
        parts.append((distance.topk(min(count, total), dim=1, largest=False).indices, farthest))
    neighbours, farthest = (torch.cat(column) for column in zip(*parts))
    return neighbours, farthest


def reciprocal_sets(neighbours: Tensor, count: int) -> Tensor:
    """Mark which of the ``count`` nearest others of each sample have it among theirs (Eq. 3).

    Returns:
        (N, count + 1) bool, for the first count + 1 columns of ``neighbours``.
    """
    forward = neighbours[:, : count + 1]
    own = torch.arange(len(forward), device=forward.device)[:, None, None]
    return (forward[forward] == own).any(dim=2)


def expanded_reciprocal_sets(neighbours: Tensor, k1: int) -> tuple[Tensor, Tensor]:
    """The sets R*(p, k1) of Eq. 5 as pairs.

    Returns:
        owners and members, each (E,), sorted by owner, then member, each pair once.
    """
    half = round(k1 / 2)
    total = len(neighbours)
    kept, kept_half = reciprocal_sets(neighbours, k1), reciprocal_sets(neighbours, half)
    first, second = neighbours[:, : k1 + 1], neighbours[:, : half + 1]
    sizes = kept_half.sum(dim=1)
    pairs = []
    for part in query_slices(total, first.shape[1] ** 2 * second.shape[1]):
        own = torch.arange(part.start, part.stop, device=neighbours.device)
        members = torch.where(kept[part], first[part], -1)
        candidates = torch.where(kept_half[first[part]], second[first[part]], -2)  # (P, k1 + 1, half + 1)
        shared = (candidates[..., None] == members[:, None, None, :]).any(dim=3).sum(dim=2)
        joins = kept[part] & (3 * shared > 2 * sizes[first[part]])
        joined = torch.where(joins[..., None], candidates, -1).flatten(1)
        found = torch.cat([members, joined], dim=1)
        line, column = (found >= 0).nonzero(as_tuple=True)
        pairs.append((own[line] * total + found[line, column]).unique())
    pair = torch.cat(pairs)
    return pair // total, pair % total


def expand_queries(owner: Tensor, member: Tensor, weight: Tensor, neighbours: Tensor) -> Tensor:
    """Average each row of V over the sample's nearest neighbours (Eq. 11).

    Args:
        owner: (E,) rows of V.
        member: (E,) columns of V.
        weight: (E,) entries of V.
        neighbours: (N, k2), the sample itself included.

    Returns:
        V as a sparse (N, N) COO matrix, coalesced.
    """
    total, count = neighbours.shape
    encoding = torch.sparse_coo_tensor(
        torch.stack([owner, member]), weight, (total, total), is_coalesced=True, check_invariants=False
    )
    if count == 1:
        return encoding
    rows = torch.arange(total, device=owner.device).repeat_interleave(count)
    mean = torch.sparse_coo_tensor(
        torch.stack([rows, neighbours.flatten()]),
        weight.new_full((rows.numel(),), 1 / count),
        (total, total),
        check_invariants=False,
    )
    with warnings.catch_warnings():  # the product goes through CSR, which torch calls beta at every first use
        warnings.filterwarnings('ignore', message='Sparse CSR tensor support', category=UserWarning)
        return torch.sparse.mm(mean, encoding).coalesce()


def _reciprocal_weights(comparison: Comparison, owner: Tensor, member: Tensor, farthest: Tensor) -> Tensor:
    """Entries of V (Eq. 7), each row divided by its sum."""
    parts = query_slices(len(owner), 2 * comparison.features.shape[1])
    distance = torch.cat([comparison.squared_pairs(owner[part], member[part]) for part in parts])
    weight = (-distance / farthest[owner]).exp()
    total = weight.new_zeros(len(farthest)).index_add_(0, owner, weight)
    return weight / total[owner]


class _JaccardRows:
    """Jaccard distances (Eq. 10) of some samples to the gallery, from the columns of V that both have."""

    def __init__(self, encoding: Tensor, gallery: slice) -> None:
        owner, member = encoding.indices()
        weight = encoding.values()
        self.row_starts = _starts(owner, encoding.shape[0])
        self.members, self.weights = member, weight
        listed = (owner >= gallery.start) & (owner < gallery.stop)
        by_column = member[listed].argsort(stable=True)
        self.column_owners = owner[listed][by_column] - gallery.start
        self.column_weights = weight[listed][by_column]
        self.column_starts = _starts(member[listed][by_column], encoding.shape[0])
        self.num_gallery = gallery.stop - gallery.start

    def __call__(self, rows: slice) -> Tensor:
        entries = slice(int(self.row_starts[rows.start]), int(self.row_starts[rows.stop]))
        member, weight = self.members[entries], self.weights[entries]
        sizes = self.row_starts[rows.start + 1 : rows.stop + 1] - self.row_starts[rows.start : rows.stop]
        line = torch.arange(len(sizes), device=member.device).repeat_interleave(sizes)
        shared = weight.new_zeros(len(sizes) * self.num_gallery)
        meets = self.column_starts[member + 1] - self.column_starts[member]
        for part in _cut_by_size(meets):
            count = meets[part]
            total = int(count.sum())
            # For every entry of the row, the gallery entries in the same column of V, one after another.
            offset = (self.column_starts[member[part]] - (count.cumsum(0) - count)).repeat_interleave(
                count, output_size=total
            )
            met = offset + torch.arange(total, device=member.device)
            smaller = torch.minimum(weight[part].repeat_interleave(count, output_size=total), self.column_weights[met])
            place = (line[part] * self.num_gallery).repeat_interleave(count, output_size=total) + self.column_owners[
                met
            ]
            shared.index_add_(0, place, smaller)
        shared = shared.view(len(sizes), self.num_gallery)
        return 1 - shared / (2 - shared)


def _starts(sorted_index: Tensor, size: int) -> Tensor:
    return torch.searchsorted(sorted_index, torch.arange(size + 1, device=sorted_index.device))


def _cut_by_size(sizes: Tensor, limit: int = 2**20) -> list[slice]:
    """Cut a list into runs whose sizes add up to about ``limit``."""
    bounds = torch.searchsorted(
        sizes.cumsum(0), torch.arange(limit, int(sizes.sum()) + limit, limit, device=sizes.device)
    )
    cuts = sorted({0, len(sizes), *bounds.clamp(max=len(sizes)).tolist()})
    return [slice(start, stop) for start, stop in itertools.pairwise(cuts)]
