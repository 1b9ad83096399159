"""Verification: are two triplets of one identity? ROC, equal error rate, true-match rate at a
false-match rate (pure functions).

Conventions:

* A *pair* is a query and a gallery entry. It is genuine when both are of one identity, else an impostor; genuine pairs
  that the protocol excludes (the same camera, the query itself) do not count.
* A pair is accepted when its distance is at most a threshold. The true-match rate (TMR) is the share of genuine pairs
  that are accepted, the false-match rate (FMR) that of impostor pairs.
* The curve has one point for each distinct distance of a genuine pair: between two of them only the FMR changes. So a
  TMR at an FMR is exact, and no more than the genuine distances and one count for each is held.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from next_mm.errors import DataError
from next_mm.retrieval.distances import DistanceRows, query_slices
from next_mm.retrieval.ranking import Labels, SameIdentity

__all__ = ['Verification', 'equal_error_rate', 'true_match_rate', 'verify']

SUPPORT = 3
"""False matches that a false-match rate must stand for at least: with fewer the rate is that of a few single pairs."""


@dataclass(frozen=True)
class Verification:
    """The ROC curve of all pairs, from the strictest threshold to the loosest.

    Attributes:
        thresholds: (T,) float64 distances, ascending.
        true_match: (T,) float64 share of the genuine pairs that are accepted, 0..1.
        false_match: (T,) float64 share of the impostor pairs that are accepted, 0..1.
        false_match_below: (T,) float64 share of the impostor pairs whose distance is less than the threshold, 0..1.
        num_genuine: number of genuine pairs.
        num_impostor: number of impostor pairs.
    """

    thresholds: Tensor
    true_match: Tensor
    false_match: Tensor
    false_match_below: Tensor
    num_genuine: int
    num_impostor: int


def verify(rows: DistanceRows, query: Labels, gallery: Labels, *, chunk_size: int | None = None) -> Verification:
    """Compare every query with every gallery entry.

    Args:
        rows: the distances.
        query: labels of the Q queries.
        gallery: labels of the G gallery entries.
        chunk_size: queries at a time.

    Raises:
        DataError: there are no genuine or no impostor pairs.
    """
    same_identity = SameIdentity(gallery)
    slices = list(query_slices(len(query), len(gallery), chunk_size))
    genuine = torch.cat([_genuine(rows(part), _part(query, part), same_identity) for part in slices]).sort().values
    thresholds, counts = genuine.unique_consecutive(return_counts=True)
    accepted, below = torch.zeros(2, len(thresholds) + 1, dtype=torch.int64, device=thresholds.device)
    for part in slices:
        distance = rows(part)
        accepted += _count_impostors(distance, _part(query, part), same_identity, thresholds, right=False)
        below += _count_impostors(distance, _part(query, part), same_identity, thresholds, right=True)
    num_impostor = int(accepted.sum())
    if not len(genuine) or not num_impostor:
        raise DataError(
            f'verification: expected pairs of one identity and of different ones, got {len(genuine)} and {num_impostor}'
        )
    return Verification(
        thresholds.double(),
        counts.cumsum(0).double() / len(genuine),
        accepted[:-1].cumsum(0).double() / num_impostor,
        below[:-1].cumsum(0).double() / num_impostor,
        len(genuine),
        num_impostor,
    )


def equal_error_rate(curve: Verification) -> tuple[float, float]:
    """Return the rate at which as many impostor pairs are accepted as genuine ones are refused, and its threshold.

    Between two genuine distances only impostor pairs are accepted; where both kinds tie, the curve is a straight line.
    """
    refused = torch.cat([curve.true_match.new_ones(1), 1 - curve.true_match])  # before and at each threshold
    place = int((curve.false_match >= refused[1:]).nonzero()[0])  # the last threshold refuses no genuine pair
    before, after = float(refused[place]), float(refused[place + 1])
    low, high = float(curve.false_match_below[place]), float(curve.false_match[place])
    if low >= before:
        return before, float(curve.thresholds[max(place - 1, 0)])
    share = (before - low) / ((before - low) + (high - after))
    return low + share * (high - low), float(curve.thresholds[place])


def true_match_rate(curve: Verification, false_match_rate: float) -> tuple[float, float]:
    """Return the greatest true-match rate whose false-match rate is at most the given one, and its threshold.

    The threshold is minus infinity where even the nearest genuine pair needs more false matches.

    Args:
        curve: the ROC curve.
        false_match_rate: share of the impostor pairs, 0..1.

    Raises:
        DataError: the rate stands for fewer than :data:`SUPPORT` impostor pairs.
    """
    check_support(curve.num_impostor, false_match_rate)
    allowed = int((curve.false_match <= false_match_rate).sum())
    if not allowed:
        return 0.0, float('-inf')
    return float(curve.true_match[allowed - 1]), float(curve.thresholds[allowed - 1])


def check_support(num_impostor: int, false_match_rate: float) -> None:
    """Check that there are enough impostor pairs for a false-match rate.

    Raises:
        DataError: there are not.
    """
    needed = SUPPORT / false_match_rate
    if num_impostor < needed:
        raise DataError(
            f'verification: a false-match rate of {false_match_rate:g} needs at least {needed:,.0f} pairs of different '
            f'identities ({SUPPORT} false matches), got {num_impostor:,}'
        )


def _part(labels: Labels, part: slice) -> Labels:
    return Labels(labels.identities[part], labels.groups[part])


def _genuine(distance: Tensor, query: Labels, same_identity: SameIdentity) -> Tensor:
    columns, present, excluded = same_identity(query)
    return distance.gather(1, columns)[present & ~excluded]


def _count_impostors(
    distance: Tensor, query: Labels, same_identity: SameIdentity, thresholds: Tensor, *, right: bool
) -> Tensor:
    """Count the impostor pairs by the first threshold that is not less (``right``: that is greater), (T + 1,)."""
    place = torch.searchsorted(thresholds, distance.contiguous(), right=right)
    counts = place.flatten().bincount(minlength=len(thresholds) + 1)
    columns, present, _ = same_identity(query)
    same = place.gather(1, columns)[present]
    return counts - same.bincount(minlength=len(thresholds) + 1)
