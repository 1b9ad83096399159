from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from next_mm.datasets import IdentityBatchSampler
from next_mm.datasets.samplers import count_batches, plan_batches


def make(labels, batch_size=8, num_instances=4, *, seed=0, epoch=0, rank=0, ranks=1):
    sampler = SimpleNamespace(
        dataset=SimpleNamespace(labels=np.asarray(labels)), seed=seed, epoch=epoch, rank=rank, world_size=ranks
    )
    return IdentityBatchSampler(sampler=sampler, batch_size=batch_size, num_instances=num_instances)


UNEVEN = np.repeat(np.arange(7), [3, 40, 9, 4, 4, 17, 8])


def test_batches_are_p_times_k_and_length_is_exact():
    for epoch in range(20):
        sampler = make(UNEVEN, epoch=epoch)
        batches = list(sampler)
        assert len(batches) == len(sampler) == count_batches(np.array([1, 10, 2, 1, 1, 4, 2]), 2)
        for batch in batches:
            assert sorted(Counter(UNEVEN[batch].tolist()).values()) == [4, 4]
            runs = UNEVEN[batch].reshape(2, 4)
            assert (
                runs == runs[:, :1]
            ).all()  # an identity's triplets stand side by side, as losses over groups need them


def test_no_triplet_repeats_within_an_epoch_but_for_short_identities():
    counts = Counter(int(index) for batch in make(UNEVEN) for index in batch)
    for index, count in counts.items():
        assert count == 1 or (UNEVEN[index] == 0 and count <= 2)  # three triplets fill four places


def slow_count(groups, identities):
    """Take the identities with most groups left, batch by batch: the best there is."""
    left, batches = sorted(groups, reverse=True), 0
    while len(left) >= identities and left[identities - 1] > 0:
        left = sorted([count - 1 for count in left[:identities]] + left[identities:], reverse=True)
        batches += 1
    return batches


def test_count_and_plan_against_a_slow_loop():
    generator = np.random.default_rng(0)
    for _ in range(200):
        groups = generator.integers(1, 9, size=generator.integers(1, 8))
        identities = int(generator.integers(1, 5))
        plan = list(plan_batches(groups, identities, generator))
        assert len(plan) == count_batches(groups, identities) == slow_count(groups.tolist(), identities)
        taken = Counter(int(identity) for batch in plan for identity in batch)
        assert all(len(set(batch.tolist())) == identities for batch in plan)
        assert all(count <= groups[identity] for identity, count in taken.items())


def test_ranks_are_disjoint_and_one_process_sees_their_batches():
    alone = list(make(UNEVEN, batch_size=12, num_instances=4))
    ranks = [list(make(UNEVEN, batch_size=4, num_instances=4, rank=rank, ranks=3)) for rank in range(3)]
    assert len({len(batches) for batches in ranks}) == 1
    for whole, *parts in zip(alone, *ranks):
        assert whole == [index for part in parts for index in part]
        assert [index.seed for index in whole] == [index.seed for part in parts for index in part]
        assert len({frozenset(UNEVEN[part].tolist()) for part in parts}) == 3


def test_epochs_and_seeds_differ_and_equal_ones_repeat():
    first = list(make(UNEVEN))
    assert first == list(make(UNEVEN))
    assert first != list(make(UNEVEN, epoch=1)) and first != list(make(UNEVEN, seed=1))
    assert first[0][0].seed == next(iter(make(UNEVEN)))[0].seed != next(iter(make(UNEVEN, epoch=1)))[0].seed


def test_every_identity_comes_in_time():
    seen = {int(UNEVEN[index]) for epoch in range(20) for batch in make(UNEVEN, epoch=epoch) for index in batch}
    assert seen == set(range(7))


@pytest.mark.parametrize(
    'labels, options, message',
    [
        (
            [0] * 64,
            {},
            'SimpleNamespace: 1 training identities, but a batch takes P = 2; lower train_dataloader.batch_size',
        ),
        (
            [0, 1, 1, 0, 1],
            {},
            'SimpleNamespace: 5 training triplets, fewer than one batch of P x K = 2 x 4; lower train_dataloader',
        ),
        ([0, 1, 2] * 9, dict(ranks=2), r'3 training identities, but a batch takes P = 2 on each of 2 ranks'),
        ([0, 1] * 9, dict(batch_size=7), 'batch_size=7 should be a positive multiple of num_instances=4'),
    ],
)
def test_too_small_for_a_batch(labels, options, message):
    with pytest.raises(ValueError, match=message):
        make(labels, **options)


def test_dataset_without_labels():
    with pytest.raises(TypeError, match='list has no labels; expected a TripletDataset'):
        IdentityBatchSampler(sampler=SimpleNamespace(dataset=[]), batch_size=8, num_instances=4)
