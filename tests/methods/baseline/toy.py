"""The plain baseline on the tiny CLIP."""

from __future__ import annotations

from typing import Any

from tests.methods.toys import CLIP, LOSSES

BRANCHES = dict(classes=dict(losses=LOSSES))
TOYS: dict[str, dict[str, Any]] = {
    'plain': dict(type='BaselineReID', backbone=dict(type='CLIPVisual', **CLIP), branches=BRANCHES),
    'cameras': dict(type='BaselineReID', backbone=dict(type='CLIPVisual', **CLIP, num_cameras=2), branches=BRANCHES),
    'behind BNNeck': dict(
        type='BaselineReID',
        backbone=dict(type='CLIPVisual', **CLIP, batch_modalities=True),
        branches=dict(classes=dict(losses=LOSSES, test='after')),
    ),
}
