import pytest
import torch

from next_mm.retrieval import Labels, matrix_rows, rank_list, score_queries, summarize
from next_mm.retrieval.counting import count_within
from next_mm.retrieval.reference import loop_metrics, ranked_gallery


def labels(identities, groups):
    return Labels(torch.tensor(identities), torch.tensor(groups))


def random_case(seed, num_gallery=60, tied=False, identities=7):
    generator = torch.Generator().manual_seed(seed)
    draw = lambda high, size: torch.randint(high, size, generator=generator)  # noqa: E731
    distance = draw(12, (17, num_gallery)).float() if tied else torch.randn(17, num_gallery, generator=generator)
    return (
        distance,
        Labels(draw(identities - 1, (17,)), draw(3, (17,))),
        Labels(draw(identities, (num_gallery,)), draw(3, (num_gallery,))),
    )


def as_lists(query, gallery):
    return [side.tolist() for labels in (query, gallery) for side in (labels.identities, labels.groups)]


# One query of identity 1 against six entries, nearest first:
#   distance          .1   .2   .3   .4   .5   .6
#   identity           1    2    1    1    3    1
#   camera             1    1    2    1    2    3     (the query's: 1)
#   scene              5    5    6    7    6    5     (the query's: 5)
#   sample             0    1    2    3    4    5     (the query's: 0, it is in the gallery itself)
# camera drops .1 and .4, leaves ranks 2 and 4:     AP (1/2 + 2/4) / 2, INP 2/4
# scene  drops .1 and .6, leaves ranks 2 and 3:     AP (1/2 + 2/3) / 2, INP 2/3
# none   drops .1 only,   leaves ranks 2, 3 and 5:  AP (1/2 + 2/3 + 3/5) / 3, INP 3/5
@pytest.mark.parametrize(
    ('group', 'groups', 'ranks', 'average_precision', 'inverse_penalty'),
    [
        (1, [1, 1, 2, 1, 2, 3], [2, 4], 1 / 2, 1 / 2),
        (5, [5, 5, 6, 7, 6, 5], [2, 3], 7 / 12, 2 / 3),
        (0, [0, 1, 2, 3, 4, 5], [2, 3, 5], 53 / 90, 3 / 5),
    ],
    ids=['camera', 'scene', 'none'],
)
def test_by_hand(group, groups, ranks, average_precision, inverse_penalty):
    shuffle = torch.tensor([4, 0, 5, 2, 1, 3])
    distance = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]])[:, shuffle]
    gallery = Labels(torch.tensor([1, 2, 1, 1, 3, 1])[shuffle], torch.tensor(groups)[shuffle])
    scores = score_queries(matrix_rows(distance), labels([1], [group]), gallery, keep_ranks=True)
    assert scores.ranks[0].tolist() == ranks
    result = summarize(scores, topk=(1, 2, 3))
    assert result == pytest.approx(
        {'mAP': average_precision, 'R-1': 0, 'R-2': 1, 'R-3': 1, 'mINP': inverse_penalty}, abs=1e-12
    )


@pytest.mark.parametrize('seed', range(2))
@pytest.mark.parametrize('tied', [False, True])
@pytest.mark.parametrize('num_gallery', [5, 60, 2041])
def test_equals_the_loop(seed, tied, num_gallery):
    distance, query, gallery = random_case(seed, num_gallery, tied, identities=7 if num_gallery < 100 else 150)
    scores = score_queries(matrix_rows(distance), query, gallery, chunk_size=5)
    assert summarize(scores) == pytest.approx(loop_metrics(distance.tolist(), *as_lists(query, gallery)), abs=1e-12)


@pytest.mark.parametrize('seed', range(2))
@pytest.mark.parametrize('tied', [False, True])
def test_rank_list_equals_the_loop(seed, tied):
    distance, query, gallery = random_case(seed, tied=tied)
    untouched = distance.clone()
    found = rank_list(matrix_rows(distance), query, gallery, topk=58, chunk_size=4)
    assert torch.equal(distance, untouched)
    for row, identity in enumerate(query.identities):
        order = ranked_gallery(distance[row].tolist(), identity, query.groups[row], *as_lists(query, gallery)[2:])[:58]
        padding = 58 - len(order)
        assert found.indices[row].tolist() == order + [-1] * padding
        assert (
            found.correct[row].tolist() == [bool(gallery.identities[j] == identity) for j in order] + [False] * padding
        )
        assert torch.equal(found.distances[row, : len(order)], distance[row, order])


def test_equal_features_cannot_score():
    query, gallery = labels([1], [0]), labels([1] + [2] * 99, [1] * 100)
    scores = score_queries(matrix_rows(torch.zeros(1, 100)), query, gallery)
    assert summarize(scores)['mAP'] == pytest.approx(1 / 100)


def test_gallery_order_and_scale_of_distances_do_not_matter():
    distance, query, gallery = random_case(0, tied=True)
    shuffle = torch.randperm(60, generator=torch.Generator().manual_seed(1))
    one = score_queries(matrix_rows(distance), query, gallery)
    other = score_queries(
        matrix_rows(distance[:, shuffle] * 3 - 7), query, Labels(gallery.identities[shuffle], gallery.groups[shuffle])
    )
    assert torch.equal(one.average_precision, other.average_precision)
    assert torch.equal(one.first_rank, other.first_rank)


def test_query_without_match_is_not_averaged():
    scores = score_queries(
        matrix_rows(torch.tensor([[0.1, 0.2], [0.2, 0.1]])), labels([1, 9], [0, 0]), labels([1, 2], [1, 1])
    )
    assert scores.num_matches.tolist() == [1, 0]
    assert summarize(scores)['mAP'] == 1
    with pytest.raises(ValueError, match='no query has a match'):
        summarize(score_queries(matrix_rows(torch.rand(1, 2)), labels([9], [0]), labels([1, 2], [1, 1])))


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_broken_distances(value):
    distance, query, gallery = random_case(0)
    distance[3, 4] = value
    with pytest.raises(ValueError, match='expected finite numbers'):
        score_queries(matrix_rows(distance), query, gallery)


def test_empty_and_uneven_input():
    with pytest.raises(ValueError, match='got 0 and 1'):
        score_queries(matrix_rows(torch.zeros(0, 1)), labels([], []), labels([1], [1]))
    with pytest.raises(ValueError, match=r'expected two \(N,\) tensors'):
        labels([1, 2], [1])
    with pytest.raises(ValueError, match='topk=0'):
        rank_list(matrix_rows(torch.zeros(1, 1)), labels([1], [0]), labels([1], [1]), topk=0)


@pytest.mark.parametrize('columns', [1, 7, 8, 255, 256, 2039, 2040, 2041, 5000])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
@pytest.mark.parametrize('num_thresholds', [0, 1, 3, 90])
def test_counting(columns, dtype, num_thresholds):
    generator = torch.Generator().manual_seed(columns)
    distance = torch.randn(5, columns, generator=generator, dtype=dtype)
    thresholds = torch.cat(
        [
            distance[:, : num_thresholds // 2],
            torch.randn(5, num_thresholds - num_thresholds // 2, generator=generator, dtype=dtype),
        ],
        dim=1,
    )
    thresholds = thresholds[:, :num_thresholds].sort(dim=1).values
    thresholds[::2, -1:] = torch.inf
    expected = torch.stack([(row <= threshold[:, None]).sum(dim=1) for row, threshold in zip(distance, thresholds)])
    assert torch.equal(count_within(distance, thresholds), expected)
