"""CCNet with tiny networks."""

from __future__ import annotations

from typing import Any

from tests.methods.small_trunk import IMAGE_SIZE, TRUNK

TOYS: dict[str, dict[str, Any]] = {
    'three networks': dict(
        type='CCNetReID',
        network=dict(type='CCNetwork', image_size=IMAGE_SIZE, trunk=TRUNK),
        branches=dict(whole=dict(losses=dict(id=dict(type='CrossEntropy')))),
        test_features=('whole',),
    )
}
