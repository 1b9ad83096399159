"""How time and memory of a training step grow: ``python tools/benchmarks/growth.py``.

Neck, head, losses and their backward pass on given tower and caption features, against batch, identities and number of
experts; and the visual tower with its backward pass against the batch. The slope is that of the logarithms, from the
first row to the last: 1 is linear growth. The gallery's growth is measured by gallery.py.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

import common
import torch
from torch import Tensor, nn

from next_mm.models import IdentityBranch
from next_mm.models.backbones import VisualFeatures
from next_mm.registry import MODELS
from next_mm.triplet import NUM_MODALITIES

TOKENS = 128
BASE = {'batch': 16, 'identities': 171, 'experts': 3}
AXES = {'batch': [8, 16, 32, 64], 'identities': [100, 1000, 10000, 100000], 'experts': [1, 2, 4, 8]}
TOWER = 'batch, visual tower'


class Step:
    """Forward, loss and backward of some modules.

    Args:
        modules: those whose parameters are trained.
    """

    def __init__(self, *modules: nn.Module) -> None:
        self.modules = nn.ModuleList(modules)

    def loss(self) -> Tensor:
        """The sum of the losses."""
        raise NotImplementedError

    def __call__(self) -> None:
        torch.autograd.grad(
            self.loss(), [parameter for parameter in self.modules.parameters() if parameter.requires_grad]
        )

    def memory(self) -> float:
        """MiB of the parameters and of what the forward pass keeps for the backward pass."""
        kept: dict[int, int] = {}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = self.loss()
        kept |= {parameter.data_ptr(): parameter.nbytes for parameter in self.modules.parameters()}
        del loss
        return sum(kept.values()) / 2**20


class AddedStep(Step):
    """What NEXT adds to its visual tower, at one size."""

    def __init__(self, args: argparse.Namespace, *, batch: int, identities: int, experts: int) -> None:
        torch.manual_seed(0)
        model = common.read_config(args).model
        model.neck.semantic.num_experts = model.neck.structure.num_experts = experts
        self.neck = MODELS.build({'dim': args.width, 'text_dim': args.width, **model.neck}).to(args.device)
        self.head = MODELS.build({'dim': args.width, **model.head}).to(args.device)
        width = NUM_MODALITIES * args.width
        options = model.branches.experts
        self.branch = IdentityBranch(feature_dim=width, num_classes=identities, **options).to(args.device)
        super().__init__(self.neck, self.head, self.branch)
        features = torch.randn(batch, NUM_MODALITIES, 1 + TOKENS, args.width, device=args.device, requires_grad=True)
        self.visual = VisualFeatures(features[:, :, 0], features[:, :, 1:])
        self.text = torch.randn(batch, experts, NUM_MODALITIES, args.width, device=args.device)
        self.labels = torch.arange(batch, device=args.device) // 4

    def loss(self) -> Tensor:
        feature = self.head(self.visual, self.neck(self.visual, self.text))
        return sum(value for name, value in self.branch.loss(feature, self.labels).items() if 'loss' in name)


class TowerStep(Step):
    """The visual tower over a batch of triplets."""

    def __init__(self, args: argparse.Namespace, *, batch: int) -> None:
        cfg = common.read_config(args)
        self.tower = MODELS.build(cfg.model.backbone).to(args.device)
        super().__init__(self.tower)
        self.images, _ = common.make_batch(args, cfg.model.backbone.image_size, batch, subsets=1)

    def loss(self) -> Tensor:
        return self.tower(self.images).classes.float().mean()


def grow(axis: str, steps: dict[int, Step], args: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure along one axis."""
    sizes = list(steps)
    memory = [step.memory() for step in steps.values()]
    timings = common.interleave(
        {str(size): step for size, step in steps.items()}, repeats=args.repeats, warmup=args.warmup
    )
    times = [1000 * statistics.median(timings[str(size)].clock) for size in sizes]
    rows = [
        {'axis': axis, 'size': size, 'ms': time, 'MiB': room, 'slope of time': '', 'slope of memory': ''}
        for size, time, room in zip(sizes, times, memory)
    ]
    rows[-1] |= {
        'slope of time': round(common.slope(sizes, times), 2),
        'slope of memory': round(common.slope(sizes, memory), 2),
    }
    return rows


def main() -> None:
    """Measure and report."""
    parser = common.arguments('Growth of a training step.', repeats=5, batch_sizes=())
    for axis, sizes in AXES.items():
        parser.add_argument(f'--{axis}', type=int, nargs='+', default=sizes, help=f'sizes (default: {sizes})')
    parser.add_argument(
        '--tower', type=int, nargs='+', default=[2, 4, 8], help='batch sizes of the visual tower (default: [2, 4, 8])'
    )
    parser.add_argument(
        '--width', type=int, default=512, help='of the tower and caption features that neck and head are given'
    )
    args = parser.parse_args()
    with common.threads(args.threads):
        rows = []
        for axis in AXES:
            sizes = getattr(args, axis)
            rows += grow(axis, {size: AddedStep(args, **{**BASE, axis: size}) for size in sizes}, args)
        rows += grow(TOWER, {size: TowerStep(args, batch=size) for size in args.tower}, args)
    common.report(
        f'Growth of a training step (forward and backward): neck, head and losses around {BASE}; visual tower',
        rows,
        args,
    )


if __name__ == '__main__':
    main()
