"""MLFN with tiny networks."""

from __future__ import annotations

from typing import Any

from tests.methods.small_trunk import IMAGE_SIZE, PLAIN_BRANCH
from tests.methods.toys import LOSSES

TOYS: dict[str, dict[str, Any]] = {
    'three networks': dict(
        type='MLFNReID',
        network=dict(type='MLFN', image_size=IMAGE_SIZE, out_dim=16, width=0.25),
        branches=dict(whole={**PLAIN_BRANCH, 'losses': LOSSES}),
        test_features=('whole',),
    )
}
