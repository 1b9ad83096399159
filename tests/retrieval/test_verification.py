"""Verification figures against loops over all pairs, by hand, and against scikit-learn."""

from __future__ import annotations

import pytest
import torch
from sklearn.metrics import roc_auc_score, roc_curve

from next_mm.errors import DataError
from next_mm.retrieval import Labels, matrix_rows
from next_mm.retrieval.verification import Verification, equal_error_rate, true_match_rate, verify


def draw(seed: int = 0, tied: bool = False) -> tuple[torch.Tensor, Labels, Labels]:
    generator = torch.Generator().manual_seed(seed)
    query, gallery = (
        Labels(torch.randint(5, (size,), generator=generator), torch.randint(3, (size,), generator=generator))
        for size in (23, 70)
    )
    distance = torch.randn(23, 70, generator=generator) - 1.0 * (query.identities[:, None] == gallery.identities)
    return (distance.mul(3).round() if tied else distance), query, gallery


def pairs(distance: torch.Tensor, query: Labels, gallery: Labels) -> tuple[list[float], list[float]]:
    genuine, impostor = [], []
    for i, row in enumerate(distance.tolist()):
        for j, value in enumerate(row):
            if query.identities[i] != gallery.identities[j]:
                impostor.append(value)
            elif query.groups[i] != gallery.groups[j]:
                genuine.append(value)
    return genuine, impostor


@pytest.mark.parametrize('tied', [False, True])
@pytest.mark.parametrize('chunk_size', [None, 4])
def test_curve_equals_the_loop(tied: bool, chunk_size: int | None) -> None:
    case = draw(tied=tied)
    genuine, impostor = pairs(*case)
    curve = verify(matrix_rows(case[0]), *case[1:], chunk_size=chunk_size)
    assert (curve.num_genuine, curve.num_impostor) == (len(genuine), len(impostor))
    assert curve.thresholds.tolist() == sorted(set(genuine))
    for threshold, true_match, false_match in zip(
        *(values.tolist() for values in (curve.thresholds, curve.true_match, curve.false_match))
    ):
        assert true_match == sum(value <= threshold for value in genuine) / len(genuine)
        assert false_match == sum(value <= threshold for value in impostor) / len(impostor)
    assert curve.false_match_below.tolist() == [
        sum(value < threshold for value in impostor) / len(impostor) for threshold in curve.thresholds.tolist()
    ]
    for rate in (0.02, 0.1, 0.5, 1.0):
        loop = [t for t in set(genuine) if sum(value <= t for value in impostor) <= rate * len(impostor)]
        found, threshold = true_match_rate(curve, rate)
        assert threshold == max(loop, default=float('-inf'))
        assert found == sum(value <= threshold for value in genuine) / len(genuine)


def test_curve_and_error_rate_equal_scikit_learn() -> None:
    case = draw()
    genuine, impostor = pairs(*case)
    curve = verify(matrix_rows(case[0]), *case[1:])
    labels, scores = [1] * len(genuine) + [0] * len(impostor), [-value for value in genuine + impostor]
    false, true, _ = roc_curve(labels, scores, drop_intermediate=False)
    steps = torch.cat([curve.true_match.new_zeros(1), curve.true_match])
    area = float((steps.diff() * (1 - curve.false_match)).sum())  # each genuine pair against the impostors farther off
    assert area == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    rate, threshold = equal_error_rate(curve)
    gaps = [abs(f - (1 - t)) for f, t in zip(false, true)]
    nearest = gaps.index(min(gaps))
    assert rate == pytest.approx((false[nearest] + 1 - true[nearest]) / 2, abs=2 / len(genuine))
    assert sum(v <= threshold for v in impostor) / len(impostor) == pytest.approx(rate, abs=2 / len(genuine))


def test_by_hand() -> None:
    # Genuine pairs at 1, 2, 5; impostors at 3, 4, 6, 7. At threshold 2: TMR 2/3, FMR 0. At 5: TMR 1, FMR 1/2.
    distance = torch.tensor([[1.0, 2, 5, 3, 4, 6, 7]])
    gallery = Labels(torch.tensor([1, 1, 1, 2, 2, 3, 3]), torch.arange(7))
    curve = verify(matrix_rows(distance), Labels(torch.tensor([1]), torch.tensor([99])), gallery)
    assert curve.true_match.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert curve.false_match.tolist() == [0, 0, 0.5]
    # From threshold 2 on a third is refused, until at 5 nothing is; accepted rises to a half
    # before 5 and meets the third.
    assert equal_error_rate(curve) == pytest.approx((1 / 3, 2))
    assert true_match_rate(curve, 0.75) == (1.0, 5.0)


@pytest.mark.parametrize(
    ('distance', 'rate'),
    [
        ([1.0, 2, 3, 4], 0.0),
        ([3.0, 4, 1, 2], 1.0),
        ([1.0, 1, 1, 1], 0.5),
        ([1.0, 4, 2, 3], 0.5),
        ([2.0, 2, 1, 2], 2 / 3),
    ],
)
def test_extremes_of_the_error_rate(distance: list[float], rate: float) -> None:
    gallery = Labels(torch.tensor([1, 1, 2, 2]), torch.arange(4))
    curve = verify(matrix_rows(torch.tensor([distance])), Labels(torch.tensor([1]), torch.tensor([9])), gallery)
    assert equal_error_rate(curve)[0] == pytest.approx(rate)


def test_what_the_data_cannot_support_is_refused() -> None:
    case = draw()
    curve = verify(matrix_rows(case[0]), *case[1:])
    with pytest.raises(DataError, match=r'a false-match rate of 0.001 needs at least 3,000 pairs .* got 1,\d\d\d'):
        true_match_rate(curve, 0.001)
    alone = Labels(torch.tensor([1]), torch.tensor([0]))
    with pytest.raises(DataError, match='got 0 and 1'):
        verify(matrix_rows(torch.zeros(1, 1)), alone, Labels(torch.tensor([2]), torch.tensor([1])))
    with pytest.raises(DataError, match='got 1 and 0'):
        verify(matrix_rows(torch.zeros(1, 1)), alone, Labels(torch.tensor([1]), torch.tensor([1])))


def test_a_strict_rate_may_accept_nothing() -> None:
    ones = torch.ones(1, dtype=torch.float64)
    curve = Verification(ones, ones, 0.5 * ones, 0.5 * ones, num_genuine=10, num_impostor=1000)
    assert true_match_rate(curve, 0.1) == (0.0, float('-inf'))
