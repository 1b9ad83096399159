"""FACENet with tiny towers."""

from __future__ import annotations

from typing import Any

from next_mm.triplet import MODALITIES
from tests.methods.side_vit import SIDE_VIT
from tests.methods.toys import LOSSES

TOYS: dict[str, dict[str, Any]] = {
    'plain': dict(
        type='FACENetReID',
        num_heads=4,
        backbone=SIDE_VIT,
        branches={name: dict(losses=LOSSES) for name in MODALITIES},
    )
}
