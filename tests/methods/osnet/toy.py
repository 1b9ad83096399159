"""OSNet with tiny networks."""

from __future__ import annotations

from typing import Any

from tests.methods.small_trunk import IMAGE_SIZE, PLAIN_BRANCH
from tests.methods.toys import LOSSES

TOYS: dict[str, dict[str, Any]] = {
    'three networks': dict(
        type='OSNetReID',
        network=dict(type='OSNet', image_size=IMAGE_SIZE, width=0.25, out_dim=16),
        branches=dict(whole={**PLAIN_BRANCH, 'losses': LOSSES}),
        test_features=('whole',),
    )
}

UNMOVED = r'.*\.gate\.fc\d\.\w+'  # a gate of one hidden unit may be shut at the start
