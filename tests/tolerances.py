"""How far two right results may lie apart: a rule in place of numbers that one machine happened to give.

Kernels sum in an order of their own, which changes with the processor, the instruction set, the threads and the batch.
Each rounding adds at most half a unit in the last place, with a random sign, so n of them in a row add about sqrt(n)
halves. An entry behind ``kernels`` operations, each a sum of at most ``terms`` products, has passed n = kernels * terms
roundings. We allow eight times the typical error, 4 * eps * sqrt(n), relative to the largest entry: an entry near zero
is a difference of large ones and carries their error.

Where a test can, it needs none of this: a formula is checked in float64, where 1e-10 is half a million units in the
last place, more than any order of any kernel and less than any mistake. What must be bitwise the same (another batch
order of a lookup, a cache, a resume) is compared by ``torch.equal``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ['BLOCK', 'assert_equal_up_to_rounding', 'rounding']

BLOCK = 10
"""Kernels of a transformer block: two norms, q/k/v, scores, softmax, their sum, projection, two layers, activation."""


def rounding(dtype: torch.dtype = torch.float32, *, kernels: int = 1, terms: int = 1) -> float:
    """Return the relative error to allow.

    Args:
        dtype: of the arithmetic.
        kernels: operations in a row, those of a backward pass included.
        terms: length of the longest sum among them.
    """
    return 4 * torch.finfo(dtype).eps * math.sqrt(kernels * terms)


def assert_equal_up_to_rounding(actual: Tensor, expected: Tensor, *, kernels: int = 1, terms: int = 1) -> None:
    """Compare two results of one formula, relative to the largest entry; arguments as in :func:`rounding`."""
    largest = float(expected.detach().abs().max())
    allowed = largest * rounding(actual.dtype, kernels=kernels, terms=terms)
    torch.testing.assert_close(actual, expected.to(actual.dtype), rtol=0, atol=allowed)
