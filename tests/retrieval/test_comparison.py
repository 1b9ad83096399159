"""Features are compared over the parts that both have, against slow loops in double precision."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from next_mm.retrieval import (
    CosineComparison,
    EuclideanComparison,
    Labels,
    ReRanking,
    compare,
    matrix_rows,
    score_queries,
)
from next_mm.retrieval.comparison import SharedCosineComparison, SharedEuclideanComparison
from next_mm.retrieval.reference import rerank_distances

MODALITIES = torch.tensor([0] * 5 + [2] * 3 + [1] * 4 + [-1] * 2 + [0] * 2)
NO_COMMON = torch.tensor([0] * 5 + [1] * 6 + [2] * 5)


def draw(rows: int, seed: int = 0, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Features of 16 dimensions, with noise in absent parts too, and which modalities are present: never none."""
    generator = torch.Generator().manual_seed(seed)
    present = torch.rand(rows, 3, generator=generator) < 0.6
    present[torch.arange(rows), torch.randint(3, (rows,), generator=generator)] = True
    return scale * torch.randn(rows, 16, generator=generator), present


def shared(modalities: Tensor, left: Tensor, right: Tensor) -> list[int]:
    both = (left & right).tolist()
    return [place for place, owner in enumerate(modalities.tolist()) if owner == -1 or both[owner]]


def loop_cosine(features: Tensor, present: Tensor, modalities: Tensor) -> list[list[float | None]]:
    rows = features.double().tolist()
    table: list[list[float | None]] = []
    for i, one in enumerate(rows):
        table.append([])
        for j, other in enumerate(rows):
            places = shared(modalities, present[i], present[j])
            product = sum(one[k] * other[k] for k in places)
            length = math.sqrt(sum(one[k] ** 2 for k in places)) * math.sqrt(sum(other[k] ** 2 for k in places))
            table[-1].append(product / length if places else None)
    return table


@pytest.mark.parametrize('modalities', [MODALITIES, NO_COMMON], ids=['with a common part', 'without'])
def test_cosine_over_shared_parts(modalities: Tensor) -> None:
    features, present = draw(40)
    expected = loop_cosine(features, present, modalities)
    comparison = compare(features.clone(), present=present, modalities=modalities)
    assert isinstance(comparison, SharedCosineComparison)
    everything = slice(0, 40)
    order = comparison.order(everything, everything)
    found = comparison.readable(order)
    squared = comparison.squared(everything, everything)
    pairs = comparison.squared_pairs(*torch.cartesian_prod(torch.arange(40), torch.arange(40)).T).view(40, 40)
    alone = 0
    for i, row in enumerate(expected):
        for j, cosine in enumerate(row):
            if cosine is None:
                alone += 1
                assert found[i, j] == -math.inf
                assert order[i, j] > 1  # behind every cosine
                assert squared[i, j] == pairs[i, j] == 6
            else:
                assert float(found[i, j]) == pytest.approx(cosine, abs=2e-6)
                assert float(squared[i, j]) == pytest.approx(2 - 2 * cosine, abs=4e-6)
                assert float(pairs[i, j]) == pytest.approx(2 - 2 * cosine, abs=4e-6)
    assert bool(alone) == (modalities is NO_COMMON)


@pytest.mark.parametrize('modalities', [MODALITIES, NO_COMMON], ids=['with a common part', 'without'])
def test_euclidean_distance_over_shared_parts(modalities: Tensor) -> None:
    features, present = draw(30, scale=3.0)
    comparison = compare(features.clone(), measure='euclidean', present=present, modalities=modalities)
    assert isinstance(comparison, SharedEuclideanComparison)
    order = comparison.order(slice(0, 30), slice(0, 30))
    found = comparison.readable(order)
    pairs = comparison.squared_pairs(*torch.cartesian_prod(torch.arange(30), torch.arange(30)).T).view(30, 30)
    known = []
    for i in range(30):
        for j in range(30):
            places = shared(modalities, present[i], present[j])
            if not places:
                assert found[i, j] == math.inf
                continue
            expected = sum((float(features[i, k]) - float(features[j, k])) ** 2 for k in places) * 16 / len(places)
            known.append(float(order[i, j]))
            # Differences of sums of 16 squares up to 9 x 9, each rounded to 24 bits.
            assert float(order[i, j]) == pytest.approx(expected, abs=16 * 81 * 16 * 2**-23)
            assert float(pairs[i, j]) == pytest.approx(expected, abs=16 * 81 * 16 * 2**-23)
    assert order[~found.isfinite()].min() > max(known) if modalities is NO_COMMON else found.isfinite().all()


def test_without_gaps_whole_features_are_compared() -> None:
    features, present = draw(6)
    complete = torch.ones_like(present)
    assert type(compare(features.clone(), present=complete, modalities=MODALITIES)) is CosineComparison
    assert type(compare(features.clone(), present=present, modalities=torch.full((16,), -1))) is CosineComparison
    assert type(compare(features.clone(), modalities=MODALITIES)) is CosineComparison
    assert type(compare(features.clone(), measure='euclidean')) is EuclideanComparison
    plain = compare(features.clone())
    kept = SharedCosineComparison(features.clone(), complete, MODALITIES)
    rows = slice(0, 6)
    torch.testing.assert_close(kept.order(rows, rows), plain.order(rows, rows), rtol=0, atol=1e-6)


@pytest.mark.parametrize('measure', ['cosine', 'euclidean'])
def test_absent_parts_may_hold_anything(measure: str) -> None:
    features, present = draw(20)
    noisy = features + 1e3 * (~torch.cat([present, torch.ones(20, 1, dtype=torch.bool)], dim=1))[:, MODALITIES]
    rows = slice(0, 20)
    one, other = (
        compare(table, measure=measure, present=present, modalities=MODALITIES).order(rows, rows)
        for table in (features, noisy)
    )
    assert torch.equal(one, other)


@pytest.mark.parametrize('measure', ['cosine', 'euclidean'])
def test_equal_entries_tie_only_with_equal_modalities(measure: str) -> None:
    features, present = draw(12)
    present[:] = torch.tensor([True, True, True])
    present[[3, 7], 1] = False
    features[:] = features[0].clone()
    comparison = compare(features, measure=measure, present=present, modalities=MODALITIES)
    later, first = comparison.equal(slice(1, 12))
    assert sorted(zip(later.tolist(), first.tolist())) == sorted([*((n, 0) for n in (1, 3, 4, 5, 7, 8, 9, 10)), (6, 2)])


def test_reranking_over_shared_parts_equals_the_definition() -> None:
    features, present = draw(90, seed=3)
    features, present = features.double(), present
    cosines = loop_cosine(features, present, MODALITIES)
    squared = torch.tensor([[2 - 2 * value for value in row] for row in cosines], dtype=torch.float64).clamp(min=0)
    expected = rerank_distances(squared.numpy(), 25, k1=6, k2=3)
    comparison = compare(features, present=present, modalities=MODALITIES)
    rows = ReRanking(k1=6, k2=3).rows(comparison, slice(0, 25), slice(25, 90))
    torch.testing.assert_close(rows(slice(0, 25)), torch.from_numpy(expected), rtol=0, atol=1e-12)


def test_gaps_decide_no_ranking() -> None:
    """Entries that lack the query's gap are not nearer for it: with whole features they are."""
    generator = torch.Generator().manual_seed(0)
    modalities = torch.tensor([0] * 20 + [1] * 20 + [2] * 20)
    identities = torch.arange(12).repeat_interleave(6)
    centres = torch.randn(12, 60, generator=generator)
    features = centres[identities] + 1.5 * torch.randn(72, 60, generator=generator)
    present = torch.ones(72, 3, dtype=torch.bool)
    present[torch.arange(72), torch.arange(72) % 3] = False  # query and each entry lack one
    labels = Labels(identities, torch.arange(72))
    results = {}
    for name, given in (('shared', present), ('whole', None)):
        masked = features * present[:, modalities]
        comparison = compare(masked, present=given, modalities=modalities)
        order = comparison.order(slice(0, 72), slice(0, 72))
        results[name] = score_queries(matrix_rows(order), labels, labels).average_precision.mean()
        same_gap = present[:, None] == present[None]
        nearest = order.masked_fill(torch.eye(72, dtype=torch.bool), torch.inf).topk(10, largest=False).indices
        results[name + ' alike'] = same_gap.all(dim=2).gather(1, nearest).double().mean()
    assert results['shared'] > results['whole'] + 0.05
    assert results['shared alike'] < results['whole alike'] - 0.1
