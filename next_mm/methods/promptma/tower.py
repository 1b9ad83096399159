"""PromptMA's tower: prompts go along with the patches of each modality and are exchanged behind every block."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from next_mm.models.backbones.base import check_pictures
from next_mm.models.backbones.clip_vit import CLIPVisual
from next_mm.models.clip.attention import attend_with_map, run_block_for_class
from next_mm.registry import MODELS
from next_mm.triplet import NUM_MODALITIES
from next_mm.utils.options import check_integer

__all__ = ['ExchangingCLIPVisual', 'PromptedFeatures']


class PromptedFeatures(NamedTuple):
    """What the tower gives.

    Attributes:
        classes: class tokens (B, 3, D) behind the last norm.
        patches: patch tokens (B, 3, N, D) of the last prompted block and of each block behind it but the last.
        prompts: (B, 3, 3, D) behind the last exchange, the row is the modality.
        maps: attention (B, 3, S, S) of each prompted block, the mean of its heads; class token, patches, three prompts.
    """

    classes: Tensor
    patches: list[Tensor]
    prompts: Tensor
    maps: list[Tensor]


@MODELS.register_module()
class ExchangingCLIPVisual(CLIPVisual):
    """CLIP's visual tower, one for the modalities, with three prompts each; there is no projection to the joint space.

    Args:
        num_prompted: number of leading blocks with prompts.
        options: those of :class:`CLIPVisual`.
    """

    def __init__(self, *, num_prompted: int, **options: Any) -> None:
        super().__init__(**options)
        self.require_shared_tower()
        check_integer('ExchangingCLIPVisual.num_prompted', num_prompted, 1, len(self.tower.transformer.resblocks) - 1)
        self.tower.proj = None
        self.out_dim = self.width
        self.num_prompted = num_prompted
        self.prompts = nn.Parameter(torch.randn(NUM_MODALITIES, NUM_MODALITIES, self.width))

    def forward(self, images: Tensor, cameras: Tensor | None = None) -> PromptedFeatures:  # type: ignore[override]
        """Encode pictures (B, 3, 3, H, W) of all modalities side by side; ``cameras`` is (B,)."""
        check_pictures(images, self.image_size)
        extra = self.embed_cameras(cameras)
        if extra is not None:
            extra = extra.repeat_interleave(NUM_MODALITIES, dim=0)
        x = self.tower.ln_pre(self.embed(images.flatten(0, 1), extra))  # (3B, 1 + N, D)
        prompts = self.prompts.expand(images.shape[0], -1, -1, -1)
        patches, maps = [], []
        *blocks, last = self.tower.transformer.resblocks
        for depth, block in enumerate(blocks, start=1):
            if depth <= self.num_prompted:
                x, answers, attention = self.run_prompted(block, x, prompts)
                prompts = answers.transpose(1, 2)  # prompt j of modality m goes to modality j as its prompt m
                maps.append(attention)
            else:
                x = self.recomputed(block, x)
            if depth >= self.num_prompted:
                patches.append(x[:, 1:].unflatten(0, (-1, NUM_MODALITIES)))
        classes = self.tower.ln_post(run_block_for_class(last, x)).unflatten(0, (-1, NUM_MODALITIES))
        return PromptedFeatures(classes, patches, prompts, maps)

    def run_prompted(self, block: nn.Module, x: Tensor, prompts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run one block on tokens (3B, 1 + N, D) with prompts (B, 3, 3, D): tokens, prompts, and the attention."""
        s = torch.cat([x, prompts.flatten(0, 1)], dim=1)
        s, attention = self.recomputed(_run_with_map, block, s)
        length = x.shape[1]
        answers = s[:, length:].unflatten(0, prompts.shape[:2])
        return s[:, :length], answers, attention.unflatten(0, prompts.shape[:2])

    def count_macs(self, args: tuple[Tensor, ...], output: PromptedFeatures) -> int:
        """Count the usual form: the last block runs for every token, and the attention maps cost nothing more."""
        tokens, depth = 1 + self.grid[0] * self.grid[1], len(self.tower.transformer.resblocks)
        prompted = self.count_blocks(tokens + NUM_MODALITIES, self.num_prompted)
        plain = self.count_blocks(tokens, depth - self.num_prompted)
        return len(args[0]) * NUM_MODALITIES * (self.count_patches() + prompted + plain)


def _run_with_map(block: nn.Module, s: Tensor) -> tuple[Tensor, Tensor]:
    """Run a block on tokens (B, S, D); returns what it gives and its attention (B, S, S), the mean of the heads."""
    answer, attention = attend_with_map(block.attn, block.ln_1(s))
    s = s + block.ls_1(answer)
    return s + block.ls_2(block.mlp(block.ln_2(s))), attention
