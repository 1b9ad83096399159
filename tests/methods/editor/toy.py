"""EDITOR with a tiny tower."""

from __future__ import annotations

from typing import Any

from tests.methods.side_vit import SIDE_VIT
from tests.methods.toys import LOSSES

_MODEL: dict[str, Any] = dict(
    type='EDITORReID', num_heads=2, head_keep=1, frequency_keep=2, backbone=dict(SIDE_VIT, num_cameras=2)
)
_BRANCH: dict[str, Any] = dict(losses=LOSSES, bnneck_bias=True)
TOYS: dict[str, dict[str, Any]] = {
    'persons': dict(_MODEL, branches=dict(fused=_BRANCH, classes=_BRANCH)),
    'vehicles': dict(_MODEL, branches=dict(fused=_BRANCH, each=_BRANCH)),
}
