"""DeMo on the tiny CLIP."""

from __future__ import annotations

from typing import Any

from next_mm.triplet import MODALITIES
from tests.methods.toys import CLIP, LOSSES

TOYS: dict[str, dict[str, Any]] = {
    'persons': dict(
        type='DeMoReID',
        num_heads=2,
        backbone=dict(type='CLIPVisual', **CLIP, num_cameras=2, first_camera=1, camera_on='class'),
        branches=dict(experts=dict(losses=LOSSES), classes=dict(losses=LOSSES)),
    ),
    'vehicles': dict(
        type='DeMoReID',
        num_heads=4,
        backbone=dict(type='CLIPVisual', **CLIP),
        branches={name: dict(losses=LOSSES) for name in ('experts', *MODALITIES)},
    ),
}
