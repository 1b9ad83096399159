"""Randomness that belongs to a sample, so that its picture depends neither on workers nor on ranks nor on a restart."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


class SeededIndex(int):
    """An index of a dataset that carries the seed of its random transforms.

    Args:
        index: position in the dataset.
        seed: seed of this draw of the sample, below 2**63.
    """

    seed: int

    def __new__(cls, index: int, seed: int) -> SeededIndex:
        self = super().__new__(cls, index)
        self.seed = seed
        return self

    def __reduce__(self) -> tuple[type[SeededIndex], tuple[int, int]]:
        return SeededIndex, (int(self), self.seed)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python's, NumPy's and torch's global CPU generators inside the block, and put them
    back as they were after it."""
    # Exchanging NumPy's bit generator costs a tenth of copying its state out and in.
    numpy_generator = np.random.get_bit_generator()  # type: ignore[attr-defined]
    python_state, torch_state = random.getstate(), torch.random.default_generator.get_state()
    np.random.set_bit_generator(np.random.SFC64(seed))  # type: ignore[attr-defined]
    random.seed(seed)
    torch.random.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        np.random.set_bit_generator(numpy_generator)  # type: ignore[attr-defined]
        random.setstate(python_state)
        torch.random.default_generator.set_state(torch_state)
