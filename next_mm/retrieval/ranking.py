"""Ranking a gallery for each query: average precision, CMC and mINP (pure functions).

Conventions, the same for every function here:

* A *distance* orders the gallery, smallest first; only its order matters, it may be negative.
* For each query the gallery entries of the same identity AND the same group are left out. The group is what the
  protocol excludes: the camera, the scene, or the sample itself.
* Ties count against the query: at equal distance wrong entries stand before right ones. The result therefore does not
  depend on the gallery's order, and a model whose features are all equal cannot score. Nor does it depend on the
  chunks, see :mod:`next_mm.retrieval.distances`.
* Queries without a right entry left have no score; they are counted, never averaged.

Only the ranks of the right entries are needed, so no row of distances is sorted as a whole
(:mod:`next_mm.retrieval.counting`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from next_mm.retrieval.counting import count_within
from next_mm.retrieval.distances import DistanceRows, query_slices

__all__ = ['Labels', 'QueryScores', 'SameIdentity', 'match_ranks', 'score_queries', 'score_ranks', 'summarize']


@dataclass(frozen=True)
class Labels:
    """What the protocol knows of N queries or gallery entries.

    Attributes:
        identities: (N,) int64.
        groups: (N,) int64; a query never meets entries of its own identity and group.
    """

    identities: Tensor
    groups: Tensor

    def __post_init__(self) -> None:
        if self.identities.ndim != 1 or self.identities.shape != self.groups.shape:
            raise ValueError(
                f'identities and groups: expected two (N,) tensors, got {tuple(self.identities.shape)} and '
                f'{tuple(self.groups.shape)}'
            )

    def __len__(self) -> int:
        return len(self.identities)


@dataclass(frozen=True)
class QueryScores:
    """The scores of Q queries; those without a match have ``num_matches`` 0 and zeros elsewhere.

    Attributes:
        average_precision: (Q,) float64 in 0..1, mean over the matches of the precision at their rank.
        inverse_penalty: (Q,) float64 in 0..1, matches / rank of the last match (INP of Ye et al., TPAMI 2021).
        first_rank: (Q,) int64, rank of the first match, counted from 1.
        num_matches: (Q,) int64.
        ranks: for each query its (num_matches,) int64 ranks in ascending order, or None where they were not asked for.
    """

    average_precision: Tensor
    inverse_penalty: Tensor
    first_rank: Tensor
    num_matches: Tensor
    ranks: list[Tensor] | None = None


class SameIdentity:
    """Looks up the gallery entries of each query's identity.

    Args:
        gallery: the gallery's labels.
    """

    def __init__(self, gallery: Labels) -> None:
        self.groups = gallery.groups
        self.order = gallery.identities.argsort(stable=True)
        self.identities, self.counts = gallery.identities[self.order].unique_consecutive(return_counts=True)
        self.starts = self.counts.cumsum(0) - self.counts

    def __call__(self, query: Labels) -> tuple[Tensor, Tensor, Tensor]:
        """Find the same identity for Q queries, padded to the longest list of M entries.

        Returns:
            columns (Q, M) int64 into the gallery, present (Q, M) bool (False is padding), and excluded (Q, M) bool,
            the present entries that the protocol excludes.
        """
        place = torch.searchsorted(self.identities, query.identities).clamp(max=max(len(self.identities) - 1, 0))
        counts = torch.where(self.identities[place] == query.identities, self.counts[place], 0)
        longest = int(counts.max()) if len(counts) else 0
        steps = torch.arange(longest, device=counts.device)
        present = steps < counts[:, None]
        columns = self.order[torch.where(present, self.starts[place][:, None] + steps, 0)]
        excluded = present & (self.groups[columns] == query.groups[:, None])
        return columns, present, excluded


def match_ranks(distance: Tensor, query: Labels, same_identity: SameIdentity) -> tuple[Tensor, Tensor]:
    """Rank the right gallery entries of some queries.

    Args:
        distance: (Q, G) distances.
        query: labels of the Q queries.
        same_identity: the look-up of the gallery.

    Returns:
        ranks (Q, M) int64, ascending from 1, zero beyond the query's last match, and num_matches (Q,) int64.

    Raises:
        ValueError: a distance is not finite.
    """
    if not distance.sum(dim=1).isfinite().all():
        raise ValueError('distances: expected finite numbers, got NaN or infinity')
    columns, present, excluded = same_identity(query)
    same = distance.gather(1, columns)
    infinite = torch.full_like(same, torch.inf)
    right = torch.where(present & ~excluded, same, infinite).sort(dim=1).values
    same = torch.where(present, same, infinite).sort(dim=1).values
    num_matches = (present & ~excluded).sum(dim=1)
    # Of all entries not farther than the k-th match, those of another identity stand before it.
    wrong_before = count_within(distance, right) - torch.searchsorted(same, right, right=True)
    order = torch.arange(1, right.shape[1] + 1, device=right.device)
    ranks = torch.where(order <= num_matches[:, None], order + wrong_before, 0)
    return ranks, num_matches


def score_ranks(ranks: Tensor, num_matches: Tensor) -> tuple[Tensor, Tensor]:
    """Average precision and inverse negative penalty of ranked matches.

    Args:
        ranks: (Q, M) ascending ranks from 1, zero beyond the last match.
        num_matches: (Q,).

    Returns:
        (Q,) and (Q,) float64, zero without a match.
    """
    order = torch.arange(1, ranks.shape[1] + 1, device=ranks.device)
    precision = torch.where(ranks > 0, order / ranks.double(), 0.0)
    last = ranks.amax(dim=1) if ranks.shape[1] else torch.zeros_like(num_matches)
    return precision.sum(dim=1) / num_matches.clamp(min=1), num_matches / last.clamp(min=1).double()


def score_queries(
    rows: DistanceRows, query: Labels, gallery: Labels, *, chunk_size: int | None = None, keep_ranks: bool = False
) -> QueryScores:
    """Score every query, a chunk of queries at a time.

    Args:
        rows: the distances, from :mod:`next_mm.retrieval.distances` or re-ranking.
        query: labels of the Q queries.
        gallery: labels of the G gallery entries.
        chunk_size: queries at a time; by default what keeps a chunk of distances at 64 MiB.
        keep_ranks: keep the rank of every match.

    Raises:
        ValueError: query or gallery is empty, or a distance is not finite.
    """
    if not len(query) or not len(gallery):
        raise ValueError(
            f'ranking: expected at least one query and one gallery entry, got {len(query)} and {len(gallery)}'
        )
    same_identity = SameIdentity(gallery)
    scores, kept = [], []
    for part in query_slices(len(query), len(gallery), chunk_size):
        ranks, num_matches = match_ranks(rows(part), Labels(query.identities[part], query.groups[part]), same_identity)
        first = ranks[:, 0] if ranks.shape[1] else torch.zeros_like(num_matches)
        scores.append((*score_ranks(ranks, num_matches), first, num_matches))
        if keep_ranks:
            kept += [row[:count].clone() for row, count in zip(ranks.cpu(), num_matches.tolist())]
    average_precision, inverse_penalty, first_rank, matches = (torch.cat(column) for column in zip(*scores))
    return QueryScores(average_precision, inverse_penalty, first_rank, matches, ranks=kept if keep_ranks else None)


def summarize(scores: QueryScores, topk: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """Average the scores over the queries that have a match.

    Returns:
        ``mAP``, ``R-k`` for each k (the CMC curve), ``mINP``, as shares in 0..1.

    Raises:
        ValueError: no query has a match.
    """
    scored = scores.num_matches > 0
    if not scored.any():
        raise ValueError('no query has a match in the gallery')
    first = scores.first_rank[scored]
    cmc = {f'R-{k}': (first <= k).double().mean().item() for k in topk}
    return {
        'mAP': scores.average_precision[scored].mean().item(),
        **cmc,
        'mINP': scores.inverse_penalty[scored].mean().item(),
    }
