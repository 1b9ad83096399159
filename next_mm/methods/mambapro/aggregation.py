"""Mamba aggregation: patches are scanned within each modality, then through all of them (MambaPro)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.methods.mambapro.scan import selective_scan
from next_mm.triplet import NUM_MODALITIES

__all__ = ['AggregationStep', 'MambaAggregation', 'SelectiveSSM']


class SelectiveSSM(nn.Module):
    """State-space models with input-dependent steps, several groups with weights of their own side by side.

    Args:
        groups: number of groups G.
        width: channels C.
        states: states N of a channel.
        rank: width of what the step sizes are made from.
    """

    def __init__(self, groups: int, width: int, states: int = 16, rank: int = 32) -> None:
        super().__init__()
        self.sizes = (rank, states, states)
        self.input_weight = nn.Parameter(torch.empty(groups, sum(self.sizes), width))
        self.step_weight = nn.Parameter(torch.empty(groups, width, rank))
        self.step_bias = nn.Parameter(torch.zeros(groups, width))
        self.log_decay = nn.Parameter(torch.arange(1.0, states + 1).log().repeat(groups, width, 1))
        self.skip = nn.Parameter(torch.ones(groups, width))
        self.norm_weight = nn.Parameter(torch.ones(groups, width))
        self.norm_bias = nn.Parameter(torch.zeros(groups, width))
        for weight in (self.input_weight, self.step_weight):
            nn.init.trunc_normal_(
                weight, std=0.02
            )  # with the zero biases, steps begin at softplus(0), as in the authors' code

    def forward(self, x: Tensor) -> Tensor:
        """Map (G, B, L, C) to (G, B, L, C)."""
        steps, write, read = _linear(x, self.input_weight).split(self.sizes, dim=-1)
        delta = F.softplus(_linear(steps, self.step_weight) + self.step_bias[:, None, None])
        y = selective_scan(x, delta, -self.log_decay.exp(), write, read, self.skip)
        y = F.layer_norm(y, y.shape[-1:]) * self.norm_weight[:, None, None] + self.norm_bias[:, None, None]
        return y.to(x.dtype)


class AggregationStep(nn.Module):
    """A gated state-space model over the patches, added to them.

    Args:
        dim: width D of the patches; inside it is twice as wide.
        grid: rows and columns of patches.
        joint: one scan through the patches of all modalities, or one for each modality.
    """

    def __init__(self, dim: int, grid: tuple[int, int], *, joint: bool) -> None:
        super().__init__()
        width = 2 * dim
        self.grid = grid
        self.joint = joint
        self.in_weight = nn.Parameter(torch.empty(NUM_MODALITIES, 2 * width, dim))
        self.conv = nn.Conv2d(
            NUM_MODALITIES * width, NUM_MODALITIES * width, 3, padding=1, groups=NUM_MODALITIES * width
        )
        self.norm = nn.BatchNorm2d(NUM_MODALITIES * width)
        self.ssm = SelectiveSSM(1 if joint else NUM_MODALITIES, width, rank=dim // 16)
        self.out = nn.Linear(width, dim, bias=False)
        for weight in (self.in_weight, self.out.weight):
            nn.init.trunc_normal_(weight, std=0.02)

    def forward(self, patches: Tensor) -> Tensor:
        """Map (B, 3, N, D) to (B, 3, N, D)."""
        x, gate = _linear(patches.transpose(0, 1), self.in_weight).chunk(2, dim=-1)  # (3, B, N, C)
        maps = x.permute(1, 0, 3, 2).flatten(1, 2).unflatten(2, self.grid)  # (B, 3C, H, W)
        maps = F.silu(self.norm(self.conv(maps)))
        x = maps.flatten(2).unflatten(1, (NUM_MODALITIES, -1)).permute(1, 0, 3, 2)  # (3, B, N, C)
        if self.joint:
            x = self.ssm(x.transpose(0, 1).flatten(1, 2).unsqueeze(0))  # (1, B, 3N, C)
            x = x[0].unflatten(1, (NUM_MODALITIES, -1)).transpose(0, 1)
        else:
            x = self.ssm(x)
        return patches + self.out(x * F.silu(gate)).transpose(0, 1)


class MambaAggregation(nn.Sequential):
    """Blocks of a step within each modality and a step through all of them.

    Args:
        dim: width D of the patches.
        grid: rows and columns of patches.
        depth: number of blocks.
    """

    def __init__(self, dim: int, grid: tuple[int, int], depth: int = 2) -> None:
        super().__init__(*(AggregationStep(dim, grid, joint=joint) for _ in range(depth) for joint in (False, True)))


def _linear(x: Tensor, weight: Tensor) -> Tensor:
    """Apply each group's own matrix (G, E, D) to (G, B, L, D)."""
    return x @ weight.transpose(-1, -2).unsqueeze(1)
