"""Features of a test set, from batches on several processes into one table, without holding them twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from mmengine.dist import all_gather_object, broadcast, broadcast_object_list, get_rank, is_main_process
from torch import Tensor

BLOCK_ELEMENTS = 2**23
"""Numbers in a block at least: 32 MiB, from where on glibc gives freed memory back to the system at once, always."""


class FeatureBlocks:
    """Rows of features in blocks that are forgotten one by one.

    Batches of a few rows would be freed into the middle of the heap, where they stay part of the process.
    """

    def __init__(self) -> None:
        self.width = 0
        self._blocks: list[Tensor] = []
        self._last = 0  # rows in the last block

    def __len__(self) -> int:
        return sum(self.sizes())

    def append(self, features: Tensor) -> None:
        """Copy (B, F) features behind those that are there."""
        self.width = features.shape[1]
        while len(features):
            if not self._blocks or self._last == len(self._blocks[-1]):
                self._blocks.append(torch.empty(-(-BLOCK_ELEMENTS // self.width), self.width))
                self._last = 0
            room = self._blocks[-1][self._last : self._last + len(features)]
            room.copy_(features[: len(room)])
            self._last += len(room)
            features = features[len(room) :]

    def sizes(self) -> list[int]:
        """Rows of each block."""
        return [*(len(block) for block in self._blocks[:-1]), *([self._last] if self._blocks else [])]

    def drain(self) -> Iterator[Tensor]:
        """Hand out block after block, each forgotten when the next is asked for."""
        sizes = self.sizes()[::-1]
        self._blocks.reverse()
        while sizes:
            yield self._blocks.pop()[: sizes.pop()]


def gather_features(blocks: FeatureBlocks, places: Sequence[Tensor] | None, total: int) -> Tensor | None:
    """Move the features of all processes into one table on the first; every process must call it.

    One block travels at a time, over the process group rather than through files.

    Args:
        blocks: the features of this process; empty afterwards.
        places: on the first process, for each process the rows of the table (-1: to be dropped)
            that its features go to.
        total: rows of the table.

    Returns:
        (total, F) features on the first process, None on the others.
    """
    shapes = all_gather_object((blocks.sizes(), blocks.width))
    table = torch.empty(total, max(width for _, width in shapes)) if places is not None else None
    for rank, (sizes, width) in enumerate(shapes):
        own = blocks.drain() if rank == get_rank() else None
        start = 0
        for size in sizes:
            block = torch.empty(size, width) if own is None else next(own)
            broadcast(block, src=rank)
            if table is not None and places is not None:
                _put(table, places[rank][start : start + size], block)
            del block  # before the next is made
            start += size
    return table


def run_on_main(work: Callable[[], Any]) -> Any:
    """Do something on the first process alone, and give every process its result or raise its failure.

    Args:
        work: what to do; its result must be picklable.
    """
    outcome: list[Any] = [None, None]
    if is_main_process():
        try:
            outcome[0] = work()
        except Exception as error:  # noqa: BLE001 - raised below, on every process
            outcome[1] = error
    broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]


def _put(table: Tensor, places: Tensor, block: Tensor) -> None:
    kept = places >= 0
    if not kept.all():
        places, block = places[kept], block[kept]
    table.index_copy_(0, places, block)
