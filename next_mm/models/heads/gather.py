"""Gather a batch over the ranks, with gradient."""

from __future__ import annotations

import torch
from mmengine.dist import all_gather, get_world_size
from torch import Tensor
from torch.distributed.nn.functional import all_gather as all_gather_with_grad


def gather_batch(features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Concatenate the features and labels of all ranks, in the order of the ranks.

    Each rank then computes the loss of the global batch. Its gradient reaches every rank's features once from each
    rank, and DistributedDataParallel's mean over the ranks makes it that of the single-process loss.

    Args:
        features: (B, F), the same B on every rank.
        labels: (B,).
    """
    if get_world_size() == 1:
        return features, labels
    return torch.cat(all_gather_with_grad(features)), torch.cat(all_gather(labels))
