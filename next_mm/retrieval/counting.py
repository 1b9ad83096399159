"""How many gallery entries are not farther than a threshold: the one step of ranking that touches every distance."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

COMPARE_AT_MOST = 32
"""Thresholds in a row up to which comparing with each is faster than sorting the row (AVX-512, rows of 8,575 to
15,913)."""

_WORD = 8  # flags in a 64-bit word
_BLOCK = 255 * _WORD  # flags that can be added up eight at a time before a byte overflows


def count_within(distance: Tensor, thresholds: Tensor) -> Tensor:
    """Count in each row the distances that are at most each threshold.

    Args:
        distance: (Q, G) distances, without NaN.
        thresholds: (Q, M), ascending; infinity is padding.

    Returns:
        (Q, M) int64, where a threshold is infinite G.
    """
    if distance.device.type != 'cpu':
        return torch.searchsorted(distance.sort(dim=1).values, thresholds.contiguous(), right=True)
    # numpy sorts values with SIMD, many times faster than torch on the CPU, and lets go of the interpreter meanwhile.
    counts = np.full(thresholds.shape, distance.shape[1], dtype=np.int64)
    if not counts.size:
        return torch.from_numpy(counts)
    finite = thresholds.isfinite().sum(dim=1).tolist()
    share = max(-(-len(distance) // torch.get_num_threads()), 1)
    parts = [slice(start, start + share) for start in range(0, len(distance), share)]
    with ThreadPoolExecutor(max(len(parts), 1)) as pool:
        jobs = [
            pool.submit(_count_rows, distance[part].numpy(), thresholds[part].numpy(), finite[part], counts[part])
            for part in parts
        ]
    for job in jobs:
        job.result()
    return torch.from_numpy(counts)


def _count_rows(distance: np.ndarray, thresholds: np.ndarray, finite: list[int], counts: np.ndarray) -> None:
    """Fill ``counts`` (Q, M) for the first ``finite`` thresholds of each row."""
    columns = distance.shape[1]
    most = max([1, *(number for number in finite if number <= COMPARE_AT_MOST)])
    blocks = -(-columns // _BLOCK)
    flags = np.zeros((most, blocks * _BLOCK), dtype=np.bool_)
    words = flags.view(np.uint64).reshape(most, blocks, -1)
    sums = np.zeros((len(distance), most, blocks), dtype=np.uint64)
    for row, number in enumerate(finite):
        if number > COMPARE_AT_MOST:
            counts[row, :number] = np.sort(distance[row]).searchsorted(thresholds[row, :number], side='right')
        elif number:
            np.less_equal(distance[row], thresholds[row, :number, None], out=flags[:number, :columns])
            np.add.reduce(words[:number], axis=2, out=sums[row, :number])
    numbers = np.array(finite)[:, None]
    compared = (numbers <= COMPARE_AT_MOST) & (np.arange(most) < numbers)
    counts[:, :most][compared] = sums[compared].view(np.uint8).sum(axis=1, dtype=np.int64)
