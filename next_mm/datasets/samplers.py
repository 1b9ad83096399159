"""The identity-balanced batch sampler."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler

from next_mm.datasets.seeding import SeededIndex
from next_mm.errors import ConfigError, DataError
from next_mm.registry import DATA_SAMPLERS
from next_mm.utils.options import check_integer


@DATA_SAMPLERS.register_module()
class IdentityBatchSampler(Sampler):
    """Batches of P identities with K triplets each, for batch-hard mining.

    An epoch takes every identity's triplets in random groups of K (what is left over waits for another epoch; an
    identity with fewer than K triplets gives one group, with repetitions). The batch of all ranks together is drawn
    first and each rank takes its slice of the identities. So ranks never share an identity within a batch, and one
    process with twice the batch sees the same batches as two.

    Args:
        sampler: mmengine's ``DefaultSampler``, which brings dataset, seed, epoch, rank and number of ranks.
        batch_size: P x K, the triplets of one rank's batch.
        num_instances: K, the triplets of one identity in a batch.

    Raises:
        TypeError: the dataset has no labels.
        ConfigError: the batch size is no multiple of K.
        DataError: the dataset is too small for a single batch.
    """

    def __init__(self, *, sampler: Sampler, batch_size: int, num_instances: int) -> None:
        check_size(batch_size, num_instances)
        if not hasattr(sampler.dataset, 'labels'):
            raise TypeError(
                f'IdentityBatchSampler: {type(sampler.dataset).__name__} has no labels; expected a TripletDataset'
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.num_instances = num_instances
        self._identities = batch_size // num_instances
        self._members = group_by_label(np.asarray(sampler.dataset.labels))
        check_batch(type(sampler.dataset).__name__, self._members, self._identities, num_instances, sampler.world_size)
        groups = np.array([max(1, len(members) // num_instances) for members in self._members])
        self._num_batches = count_batches(groups, self._identities * sampler.world_size)

    def __len__(self) -> int:
        """Batches of an epoch, the same in each epoch and on every rank."""
        return self._num_batches

    def __iter__(self) -> Iterator[list[SeededIndex]]:
        rank, ranks = self.sampler.rank, self.sampler.world_size
        generator = np.random.default_rng((self.sampler.seed, self.sampler.epoch))
        groups = [_draw_groups(members, self.num_instances, generator) for members in self._members]
        seeds = generator.integers(2**63, size=(self._num_batches, self.batch_size * ranks))
        plan = plan_batches(np.array([len(group) for group in groups]), self._identities * ranks, generator)
        for identities, batch_seeds in zip(plan, seeds):
            indices = np.concatenate([groups[identity].pop() for identity in identities])
            mine = slice(rank * self.batch_size, (rank + 1) * self.batch_size)
            yield [SeededIndex(index, seed) for index, seed in zip(indices[mine].tolist(), batch_seeds[mine].tolist())]


def check_size(batch_size: int, num_instances: int) -> None:
    """Refuse a batch size that is no multiple of K, and a K without positives, with a ConfigError."""
    check_integer('IdentityBatchSampler.num_instances', num_instances, 2)
    if batch_size < 1 or batch_size % num_instances:
        raise ConfigError(
            f'IdentityBatchSampler: batch_size={batch_size} should be a positive multiple of '
            f'num_instances={num_instances} (P identities with K triplets each)'
        )


def check_batch(
    title: str, members: Sequence[Sequence | np.ndarray], identities: int, num_instances: int, ranks: int = 1
) -> None:
    """Check that the data fill at least one batch of P x K on every rank.

    Args:
        title: dataset name for the message.
        members: the triplets of each identity.
        identities: P.
        num_instances: K.
        ranks: processes that train together.

    Raises:
        DataError: fewer than P identities or P x K triplets for each rank; the text says which number to lower.
    """
    triplets = sum(map(len, members))
    of_ranks = f' on each of {ranks} ranks' if ranks > 1 else ''
    batch = f'P x K = {identities} x {num_instances}'
    if len(members) < identities * ranks:
        raise DataError(
            f'{title}: {len(members)} training identities, but a batch takes P = {identities}{of_ranks}; lower '
            f'train_dataloader.batch_size (now {batch}) or raise batch_sampler.num_instances'
        )
    if triplets < identities * num_instances * ranks:
        raise DataError(
            f'{title}: {triplets} training triplets, fewer than one batch of {batch}{of_ranks}; lower '
            'train_dataloader.batch_size or batch_sampler.num_instances'
        )


def group_by_label(labels: np.ndarray) -> list[np.ndarray]:
    """Indices of each label, the labels in their order.

    Args:
        labels: (N,) integers.
    """
    order = np.argsort(labels, kind='stable')
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def _draw_groups(members: np.ndarray, size: int, generator: np.random.Generator) -> list[np.ndarray]:
    """Cut an identity's shuffled triplets in groups of ``size``; a short identity is repeated, each
    triplet as evenly as can be."""
    rounds = [generator.permutation(members) for _ in range(-(-size // len(members)))]
    shuffled = np.concatenate(rounds)
    return list(shuffled[: len(shuffled) // size * size].reshape(-1, size)) if len(rounds) == 1 else [shuffled[:size]]


def count_batches(groups: np.ndarray, identities: int) -> int:
    """The most batches of ``identities`` different identities that the groups allow.

    That is the largest B with ``sum(min(groups, B)) >= identities * B``: an identity serves a batch at most once.

    Args:
        groups: (I,) groups of triplets that each identity has.
        identities: identities in a batch.
    """
    low, high = 0, int(groups.sum()) // identities
    while low < high:
        middle = (low + high + 1) // 2
        if np.minimum(groups, middle).sum() >= identities * middle:
            low = middle
        else:
            high = middle - 1
    return low


def plan_batches(groups: np.ndarray, identities: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Draw the identities of every batch, those with more groups left more often, and never run dry
    before :func:`count_batches`.

    An identity that has a group for every batch still to come must be taken now; any choice of the
    others keeps the rest feasible.

    Args:
        groups: (I,) groups of triplets that each identity has.
        identities: identities in a batch.
        generator: source of randomness.

    Yields:
        (identities,) different identities.
    """
    left: np.ndarray = groups.astype(np.int64)
    for batches in range(count_batches(groups, identities), 0, -1):
        must = np.flatnonzero(left >= batches)
        if len(must) >= identities:
            chosen = generator.choice(must, identities, replace=False)
        else:
            weights = np.where(left >= batches, 0, left)
            rest = generator.choice(len(left), identities - len(must), replace=False, p=weights / max(1, weights.sum()))
            chosen = generator.permutation(np.concatenate([must, rest]))
        left[chosen] -= 1
        yield chosen
