"""CAL with tiny networks."""

from __future__ import annotations

from typing import Any

from tests.methods.small_trunk import IMAGE_SIZE, TRUNK
from tests.methods.toys import LOSSES

TOYS: dict[str, dict[str, Any]] = {
    'three networks': dict(
        type='CALReID',
        network=dict(type='CALNetwork', image_size=IMAGE_SIZE, trunk=TRUNK, embed_dim=16),
        branches=dict(whole=dict(test='logits', losses=LOSSES)),
        test_features=('whole',),
    )
}
