"""MambaPro on the tiny CLIP."""

from __future__ import annotations

from typing import Any

from tests.methods.toys import CLIP, LOSSES

BASE: dict[str, Any] = dict(
    type='MambaProReID',
    backbone=dict(type='PromptAdapterCLIPVisual', **CLIP, num_cameras=2, first_camera=1, camera_on='class'),
    branches={name: dict(losses=LOSSES) for name in ('classes', 'fused')},
)
TOYS: dict[str, dict[str, Any]] = {
    'persons': BASE,
    'vehicles': dict(BASE, branches={name: dict(losses=LOSSES) for name in ('each', 'fused')}),
}
