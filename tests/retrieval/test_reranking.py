import pytest
import torch
from torch.nn.functional import normalize

from next_mm.retrieval import CosineComparison, ReRanking, rerank
from next_mm.retrieval.reference import literal_reranking
from next_mm.retrieval.reranking import reciprocal_sets


def clustered_features(identities=30, pictures=8, width=24, noise=0.8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(identities, width, generator=generator).repeat_interleave(pictures, 0)
    features = centres + noise * torch.randn(centres.shape, generator=generator)
    return normalize(features.double(), dim=1)


@pytest.mark.parametrize(('k1', 'k2', 'lambda_value'), [(20, 6, 0.3), (7, 1, 0.0), (1, 2, 1.0)])
@pytest.mark.parametrize('noise', [0.3, 1.5])
def test_equals_the_definition(k1, k2, lambda_value, noise):
    features = clustered_features(noise=noise)
    query, gallery = features[::5], features[[i for i in range(len(features)) if i % 5]]
    result = rerank(query, gallery, ReRanking(k1=k1, k2=k2, lambda_value=lambda_value))
    expected = literal_reranking(query.numpy(), gallery.numpy(), k1, k2, lambda_value)
    torch.testing.assert_close(result, torch.from_numpy(expected), rtol=0, atol=1e-12)


def test_more_neighbours_than_samples():
    features = clustered_features()[:40]
    result = rerank(features[:8], features[8:], ReRanking(k1=300, k2=250, lambda_value=0.5))
    expected = literal_reranking(features[:8].numpy(), features[8:].numpy(), 300, 250, 0.5)
    torch.testing.assert_close(result, torch.from_numpy(expected), rtol=0, atol=1e-12)


def test_single_precision():
    features = clustered_features()
    expected = literal_reranking(features[::2].numpy(), features[1::2].numpy())
    result = rerank(features[::2].float(), features[1::2].float())
    torch.testing.assert_close(result.double(), torch.from_numpy(expected), rtol=0, atol=2e-6)


def test_reciprocity_by_hand():
    # 0 and 1 are each other's nearest; 2 looks at 1, which does not look back.
    neighbours = torch.tensor([[0, 1], [1, 0], [2, 1]])
    assert reciprocal_sets(neighbours, 1).tolist() == [[True, True], [True, True], [True, False]]


def test_rows_are_those_of_the_whole_and_overlap_takes_part_once():
    features = clustered_features()
    whole = slice(0, len(features))
    rows = ReRanking().rows(CosineComparison(features), whole, whole)
    every = rows(whole)
    assert torch.equal(every[50:90], rows(slice(50, 90)))
    half = ReRanking().rows(CosineComparison(features), slice(0, 100), slice(100, 240))(slice(0, 100))
    torch.testing.assert_close(half, every[:100, 100:], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'k1': 0}, 'rerank.k1=0: expected a whole number from 1'),
        ({'k2': 0}, 'rerank.k2=0: expected a whole number from 1'),
        ({'lambda_value': -0.1}, 'rerank.lambda_value=-0.1: expected a number from 0 to 1'),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        ReRanking(**options)
