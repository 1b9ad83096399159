"""How time and memory of what NEXT adds to its visual tower grow: ``python tools/benchmarks/growth.py``.

Neck, head, losses and their backward pass on given tower and caption features, against batch, identities and number of experts. The
slope is that of the logarithms, from the first row to the last: 1 is linear growth. The visual tower itself is linear in the batch;
the gallery's growth is measured by evaluation.py.
"""
from __future__ import annotations

import argparse
import math
import statistics
from collections.abc import Callable
from typing import Any

import common
import torch
from torch import Tensor, nn

from next_mm.models.backbones import VisualFeatures
from next_mm.registry import MODELS
from next_mm.structures import NUM_MODALITIES

DIM, TOKENS, TEXT_DIM = 512, 128, 512
BASE = {'batch': 16, 'identities': 171, 'experts': 3}
AXES = {'batch': (8, 16, 32, 64), 'identities': (100, 1000, 10000, 100000), 'experts': (1, 2, 4, 8)}


class Step:
    """Forward, losses and backward of neck and head at one size."""

    def __init__(self, args: argparse.Namespace, *, batch: int, identities: int, experts: int) -> None:
        torch.manual_seed(0)
        model = common.read_config(args).model
        model.neck.semantic.num_experts = model.neck.structure.num_experts = experts
        self.neck = MODELS.build({'dim': DIM, 'text_dim': TEXT_DIM, **model.neck}).to(args.device)
        self.head = MODELS.build({'dim': DIM, **model.head, 'num_classes': identities}).to(args.device)
        features = torch.randn(batch, NUM_MODALITIES, 1 + TOKENS, DIM, device=args.device, requires_grad=True)
        self.visual = VisualFeatures(features[:, :, 0], features[:, :, 1:])
        self.text = torch.randn(batch, experts, NUM_MODALITIES, TEXT_DIM, device=args.device)
        self.labels = torch.arange(batch, device=args.device) // 4

    def loss(self) -> Tensor:
        """The sum of the losses."""
        feature = self.head(self.visual, self.neck(self.visual, self.text))
        losses = self.head.loss(feature, self.labels)
        return losses['loss_id'] + losses['loss_triplet']

    def __call__(self) -> None:
        parameters = [*self.neck.parameters(), *self.head.parameters()]
        torch.autograd.grad(self.loss(), [parameter for parameter in parameters if parameter.requires_grad])

    def memory(self) -> float:
        """MiB of the parameters and of what the forward pass keeps for the backward pass."""
        kept: dict[int, int] = {}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = self.loss()
        for module in (self.neck, self.head):
            kept |= {parameter.data_ptr(): parameter.nbytes for parameter in nn.ModuleList([module]).parameters()}
        del loss
        return sum(kept.values()) / 2**20


def slope(sizes: list[int], values: list[float]) -> float:
    """Exponent of the growth from the first size to the last."""
    return math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0])


def grow(axis: str, make: Callable[..., Step], args: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure along one axis, the others at their base."""
    sizes = list(AXES[axis])
    steps = {str(size): make(args, **{**BASE, axis: size}) for size in sizes}
    memory = [step.memory() for step in steps.values()]
    timings = common.interleave(steps, repeats=args.repeats, warmup=args.warmup)
    times = [1000 * statistics.median(timings[str(size)].clock) for size in sizes]
    rows = [{'axis': axis, 'size': size, 'ms': time, 'MiB': room, 'slope of time': '', 'slope of memory': ''}
            for size, time, room in zip(sizes, times, memory)]
    rows[-1] |= {'slope of time': round(slope(sizes, times), 2), 'slope of memory': round(slope(sizes, memory), 2)}
    return rows


def main() -> None:
    """Measure and report."""
    args = common.arguments('Growth of neck, head and losses.', repeats=5, batch_sizes=()).parse_args()
    with common.threads(args.threads):
        rows = [row for axis in AXES for row in grow(axis, Step, args)]
    common.report(f'Growth of neck, head and losses (forward and backward) around {BASE}', rows, args)


if __name__ == '__main__':
    main()
