"""The plain baseline: its feature is the class tokens of one backbone."""

from __future__ import annotations

import torch

from next_mm.registry import MODELS
from next_mm.structures import TripletBatch


def test_the_feature_is_the_class_tokens(baseline_cfg: dict) -> None:
    model = MODELS.build(baseline_cfg).eval()
    images = torch.randn(2, 3, 3, 32, 16)
    classes = model.backbone(images).classes
    assert torch.equal(model.feature(images, TripletBatch()), classes.flatten(1))
    batch = TripletBatch(present=torch.tensor([[True, False, True]] * 2))
    feature = model.feature(images, batch).view(2, 3, -1)
    assert feature[:, 1].abs().max() == 0 and torch.equal(feature[:, 2], classes[:, 2])
