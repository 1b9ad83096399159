"""TOP-ReID with tiny towers."""

from __future__ import annotations

from typing import Any

from next_mm.triplet import MODALITIES
from tests.methods.side_vit import SIDE_VIT
from tests.methods.toys import LOSSES

_MODEL: dict[str, Any] = dict(type='TOPReID', num_heads=2, backbone=dict(SIDE_VIT, num_cameras=2))
TOYS: dict[str, dict[str, Any]] = {
    'direct 0': dict(_MODEL, branches={name: dict(losses=LOSSES) for name in ('permuted', *MODALITIES)}),
    'direct 1': dict(_MODEL, branches={name: dict(losses=LOSSES) for name in ('permuted', 'classes')}),
}
