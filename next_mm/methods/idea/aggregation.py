"""CDA, cooperative deformable aggregation: class and caption tokens read patches at learned places (IDEA)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from next_mm.errors import ConfigError
from next_mm.triplet import NUM_MODALITIES

__all__ = ['DeformableAggregation', 'sampling_positions']

_KERNEL, _STRIDE = 4, 2


def sampling_positions(offsets: Tensor, grid: tuple[int, int], reach: float) -> Tensor:
    """Places on the map of patches, both axes from -1 to 1, corners aligned.

    Args:
        offsets: (B, 2, h, w) raw offsets, channel 0 is vertical.
        grid: rows and columns of patches.
        reach: factor on the offsets, in steps between the places.

    Returns:
        (B, h, w, 2), the last axis is (vertical, horizontal).
    """
    steps = offsets.shape[2:]
    axes = []
    for axis, (count, cells) in enumerate(zip(steps, grid)):
        index = torch.arange(count, device=offsets.device, dtype=offsets.dtype)
        reference = (_STRIDE * index + 2) / (
            cells - 1
        ) * 2 - 1  # half a cell off the kernel's centre, as in the authors' code
        reference = reference[:, None] if axis == 0 else reference[None, :]
        axes.append(offsets[:, axis].tanh() / max(count - 1, 1) * reach + reference)
    return torch.stack(axes, dim=-1).clamp(-1, 1)


class DeformableAggregation(nn.Module):
    """Attention of one head from the six global tokens to patches, at places that all modalities decide together.

    Args:
        dim: width D of the tokens.
        grid: rows and columns of patches, at least 4 each.
        reach: factor on the offsets, see :func:`sampling_positions`.

    Raises:
        ConfigError: there are fewer patches.
    """

    def __init__(self, dim: int, grid: tuple[int, int], reach: float) -> None:
        super().__init__()
        if min(grid) < _KERNEL:
            raise ConfigError(
                f'IDEA: the pictures give {grid[0]} x {grid[1]} patches, expected at least {_KERNEL} x {_KERNEL}: '
                'give backbone.image_size and ResizeTriplet.size larger values'
            )
        self.grid = grid
        self.reach = reach
        self.mix = nn.Linear(NUM_MODALITIES * dim, dim)
        self.depthwise = nn.Conv2d(dim, dim, _KERNEL, _STRIDE, groups=dim)
        self.offset = nn.Conv2d(dim, 2, 1, bias=False)
        self.query, self.key, self.value, self.out = (nn.Linear(dim, dim) for _ in range(4))

    def forward(self, patches: Tensor, queries: Tensor) -> Tensor:
        """Let the queries (B, Q, D) read the patches (B, 3, N, D); the result (B, Q, D) has the queries added."""
        sampled = self.sample(patches)  # (B, 3 S, D)
        answer = F.scaled_dot_product_attention(self.query(queries), self.key(sampled), self.value(sampled))
        return queries + self.out(answer)

    def sample(self, patches: Tensor) -> Tensor:
        """Interpolate the patches at the learned places: (B, 3 S, D), modality by modality, row by row."""
        places = sampling_positions(self.offsets(patches), self.grid, self.reach)
        maps = (
            patches.transpose(2, 3).flatten(1, 2).unflatten(2, self.grid)
        )  # (B, 3 D, H, W): the modalities share the places
        sampled = F.grid_sample(maps, places.flip(-1), align_corners=True)  # which takes (horizontal, vertical)
        return sampled.flatten(2).unflatten(1, (NUM_MODALITIES, -1)).transpose(2, 3).flatten(1, 2)

    def offsets(self, patches: Tensor) -> Tensor:
        """Raw offsets (B, 2, h, w)."""
        mixed = F.gelu(self.mix(patches.transpose(1, 2).flatten(2)))  # (B, N, D)
        maps = mixed.transpose(1, 2).unflatten(2, self.grid)
        return self.offset(F.gelu(self.depthwise(maps)))
