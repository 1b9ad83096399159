"""The tokens that semantic experts take, counted over a training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from next_mm.apis import train
from next_mm.registry import MODELS
from next_mm.structures import TripletBatch
from tests.toys import ToyReID, toy_config


class Output(NamedTuple):
    """What a forward hook sees of a TMSE."""

    masks: Tensor


class TwoExperts(nn.Module):
    """Stands for a TMSE."""

    def forward(self, x: Tensor) -> Output:
        """Expert 1 takes everything, expert 2 nothing but one token of the second modality."""
        masks = torch.zeros(2, len(x), 3, 5)
        masks[0] = 1
        masks[1, :, 1, 0] = 1
        return Output(masks)


@MODELS.register_module()
class ToyWithExperts(ToyReID):
    """Holds the experts where NEXT does."""

    def __init__(self) -> None:
        super().__init__()
        self.neck = nn.Module()
        self.neck.semantic = TwoExperts()

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Run the experts beside the rest."""
        self.neck.semantic(images)
        return super().extract(images, batch)


def test_expert_load_is_counted_by_modality(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path, custom_hooks=[dict(type='ExpertLoadHook')], train_cfg__max_epochs=1)
    cfg.model = dict(type='ToyWithExperts')
    train(cfg)
    logged: dict[str, float] = {}
    for path in tmp_path.glob('*/vis_data/scalars.json'):
        for line in path.read_text().splitlines():
            logged.update(json.loads(line))
    for stage in ('train', 'val'):
        assert [logged[f'{stage}_tokens/expert1_{m}'] for m in ('rgb', 'nir', 'tir')] == [5, 5, 5]
        assert [logged[f'{stage}_tokens/expert2_{m}'] for m in ('rgb', 'nir', 'tir')] == [0, 1, 0]
