"""MambaPro's tower: CLIP's, frozen, with prompts that go from block to block and a feed-forward adapter beside each."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from next_mm.models.backbones.base import VisualFeatures, check_pictures
from next_mm.models.backbones.clip_vit import CLIPVisual
from next_mm.models.clip.quick_gelu import quick_gelu_mlp
from next_mm.registry import MODELS
from next_mm.triplet import NUM_MODALITIES

__all__ = ['BlockAdapter', 'PromptAdapterCLIPVisual']


class Bottleneck(nn.Module):
    """Two linear layers with QuickGELU between them.

    Args:
        width: width of input and output.
        hidden: width between.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, hidden)
        self.up = nn.Linear(hidden, width)
        for layer in (self.down, self.up):
            nn.init.trunc_normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., D) to (..., D)."""
        return quick_gelu_mlp(x, self.down, self.up)


class BlockAdapter(nn.Module):
    """What is learned beside one frozen block: prompts of each modality, nets that hand them
    on, and a feed-forward adapter.

    Args:
        width: width D of the tokens.
        num_prompts: prompts k of a modality.
        first: whether this is the first block, into which no prompts come.
    """

    def __init__(self, width: int, num_prompts: int, *, first: bool) -> None:
        super().__init__()
        self.prompts = nn.ParameterList(torch.zeros(num_prompts, width) for _ in range(NUM_MODALITIES))
        self.lend = nn.ModuleList(Bottleneck(width, width // 2) for _ in range(NUM_MODALITIES))
        self.transfer = None if first else Bottleneck(width, width // 2)
        self.feed_forward = Bottleneck(width, 2 * width)

    def make_prompts(self, before: Tensor | None, batch: int) -> Tensor:
        """Prompts (B, 3, 3k, D) of each modality's run, the slots of the modalities in their order.

        Args:
            before: (B, 3, k, D) what the block before made of each run's prompts; ``None`` in front of the first block.
            batch: B.
        """
        own = torch.stack(list(self.prompts)).expand(batch, -1, -1, -1)
        if before is not None and self.transfer is not None:
            own = own + before + self.transfer(before)
        lent = torch.stack([prompts + net(prompts) for prompts, net in zip(self.prompts, self.lend)])
        mine = torch.eye(NUM_MODALITIES, dtype=torch.bool, device=own.device)[:, :, None, None]
        return torch.where(mine, own.unsqueeze(2), lent).flatten(2, 3)


@MODELS.register_module()
class PromptAdapterCLIPVisual(CLIPVisual):
    """CLIP's visual tower, frozen, with a :class:`BlockAdapter` beside each block.

    Args:
        num_prompts: prompts of a modality.
        options: those of :class:`CLIPVisual`.
    """

    def __init__(self, *, num_prompts: int = 4, **options: Any) -> None:
        super().__init__(**options)
        self.require_shared_tower()
        self.tower.requires_grad_(False)
        self.num_prompts = num_prompts
        count = len(self.tower.transformer.resblocks)
        self.adapters = nn.ModuleList(BlockAdapter(self.width, num_prompts, first=i == 0) for i in range(count))

    def forward(self, images: Tensor, cameras: Tensor | None = None) -> VisualFeatures:
        """Encode pictures (B, 3, 3, H, W) of all modalities side by side; ``cameras`` is (B,)."""
        check_pictures(images, self.image_size)
        extra = self.embed_cameras(cameras)
        if extra is not None:
            extra = extra.repeat_interleave(NUM_MODALITIES, dim=0)
        x = self.tower.ln_pre(self.embed(images.flatten(0, 1), extra))  # (3B, 1 + N, D)
        answers = None
        for block, adapter in zip(self.tower.transformer.resblocks, self.adapters):
            x, answers = self.recomputed(partial(self.run_adapted, block, adapter), x, answers)
        x = (self.tower.ln_post(x) @ self.tower.proj).unflatten(0, (-1, NUM_MODALITIES))
        return VisualFeatures(x[:, :, 0], x[:, :, 1:])

    def run_adapted(
        self, block: nn.Module, adapter: BlockAdapter, x: Tensor, before: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Run one block on tokens (3B, 1 + N, D): the tokens, and what became of the prompts, (B, 3, k, D)."""
        prompts = adapter.make_prompts(before, x.shape[0] // NUM_MODALITIES)
        s = torch.cat([x, prompts.flatten(0, 1)], dim=1)
        y = s + block.ls_1(block.attention(block.ln_1(s)))
        z = y + block.ls_2(block.mlp(block.ln_2(y))) + adapter.feed_forward(y)
        slots = z[:, x.shape[1] :].unflatten(1, (NUM_MODALITIES, -1))  # (3B, 3, k, D)
        return z[:, : x.shape[1]], slots.mean(dim=1).unflatten(0, (-1, NUM_MODALITIES))
