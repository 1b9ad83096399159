"""Distances do not depend on the slices that are asked for, and equal features are equally far away."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from next_mm.retrieval import (
    CosineComparison,
    EuclideanComparison,
    Labels,
    ReRanking,
    cosine_rows,
    distances,
    score_queries,
    summarize,
)
from next_mm.retrieval.distances import equal_rows, query_slices, tiled_rows


def draw(rows: int, width: int, seed: int = 0) -> Tensor:
    return normalize(torch.randn(rows, width, generator=torch.Generator().manual_seed(seed)), dim=1)


@pytest.mark.parametrize(('width', 'num_gallery'), [(8, 7), (1536, 33), (64, 503), (768, 2003)])
def test_equal_features_cannot_score_in_any_chunk(width: int, num_gallery: int) -> None:
    feature = draw(1, width, seed=width * num_gallery)
    query, gallery = feature.expand(37, -1).contiguous(), feature.expand(num_gallery, -1).contiguous()
    generator = torch.Generator().manual_seed(1)
    query_labels = Labels(torch.randint(0, 5, (37,), generator=generator), torch.arange(37))
    labels = Labels(torch.randint(0, 5, (num_gallery,), generator=generator), torch.arange(100, 100 + num_gallery))
    for size in (None, 1, 2, 3, 37):
        scores = score_queries(cosine_rows(query, gallery), query_labels, labels, chunk_size=size)
        wrong = (labels.identities[None] != query_labels.identities[:, None]).sum(dim=1)
        assert torch.equal(scores.first_rank, torch.where(scores.num_matches > 0, wrong + 1, 0))
        assert summarize(scores)['R-1'] == 0


def test_equal_entries_take_one_distance() -> None:
    rows = tiled_rows(
        lambda rows: torch.arange(6.0)[None] + torch.zeros(2, 1), 2, 6, (torch.tensor([3, 5]), torch.tensor([0, 1]))
    )
    assert rows(slice(0, 2)).tolist() == [[0, 1, 2, 0, 4, 1]] * 2


@pytest.mark.parametrize('comparison', [CosineComparison, EuclideanComparison])
@pytest.mark.parametrize('rerank', [False, True])
def test_rows_do_not_depend_on_the_slices(comparison: type, rerank: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances, 'CHUNK_ELEMENTS', 53 * 11)  # tiles of 11 queries
    table = comparison(draw(90, 24))
    queries, gallery = slice(0, 40), slice(37, 90)
    rows = ReRanking(k1=5, k2=2).rows(table, queries, gallery) if rerank else table.rows(queries, gallery)
    whole = rows(slice(0, 40)).clone()
    assert whole.shape == (40, 53)
    for size in (1, 2, 3, 11, 12, 39):
        parts = [rows(part) for part in query_slices(40, 53, size)]
        assert torch.equal(torch.cat(parts), whole)
    assert torch.equal(rows(slice(13, 16)), whole[13:16])  # again, out of order


@pytest.mark.parametrize('dtype', [torch.float16, torch.float32, torch.float64])
def test_equal_rows_are_found(dtype: torch.dtype) -> None:
    features = draw(60, 30).to(dtype)
    assert equal_rows(features) is None
    features[:, :12] = 0  # a modality that all lack makes no rows equal
    assert equal_rows(features) is None
    features[:, ::29] = 0
    assert equal_rows(features) is None
    features[[9, 41]] = features[4].clone()
    features[[5, 7]] = features[58].clone()
    features[9, 3] = -0.0
    later, first = equal_rows(features)
    assert sorted(zip(later.tolist(), first.tolist())) == [(7, 5), (9, 4), (41, 4), (58, 5)]
    assert torch.equal(features[later], features[first])


def test_euclidean_distances_equal_those_of_doubles() -> None:
    features = 3 * torch.randn(50, 20, generator=torch.Generator().manual_seed(0))
    table = EuclideanComparison(features)
    expected = torch.cdist(features.double(), features.double())
    off_diagonal = ~torch.eye(50, dtype=torch.bool)
    # A squared distance is a difference of sums of about 180: its error is some 180 * 20 units in the last place.
    close = dict(rtol=0, atol=180 * 20 * 2**-23)
    torch.testing.assert_close(table.order(slice(0, 50), slice(0, 50)).double(), expected.square(), **close)
    readable = table.readable(table.order(slice(0, 50), slice(0, 50)))
    torch.testing.assert_close(readable[off_diagonal].double(), expected[off_diagonal], rtol=1e-5, atol=0)
    left, right = torch.tensor([0, 4]), torch.tensor([3, 4])
    torch.testing.assert_close(table.squared_pairs(left, right).double(), expected[left, right].square(), **close)
