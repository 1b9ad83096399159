"""DeMo on the tiny CLIP."""

from __future__ import annotations

from typing import Any

from tests.methods.toys import CLIP, LOSSES

BASE: dict[str, Any] = dict(
    type='DeMoReID',
    num_heads=4,
    backbone=dict(type='CLIPVisual', **CLIP),
    branches=dict(experts=dict(losses=LOSSES), classes=dict(losses=LOSSES)),
)
TOYS: dict[str, dict[str, Any]] = {
    'persons': BASE,
    'vehicles': dict(
        BASE,
        num_heads=8,
        backbone=dict(type='CLIPVisual', **CLIP, num_cameras=2, first_camera=1, camera_on='class'),
        branches={name: dict(losses=LOSSES) for name in ('experts', 'rgb', 'nir', 'tir')},
    ),
}
