"""HACNN with tiny networks."""

from __future__ import annotations

from typing import Any

from tests.methods.small_trunk import IMAGE_SIZE, PLAIN_BRANCH
from tests.methods.toys import LOSSES


def _toy(**options: Any) -> dict[str, Any]:
    return dict(
        type='HACNNReID',
        network=dict(type='HACNN', image_size=IMAGE_SIZE, out_dim=16, region_size=(8, 8), widths=(32, 48, 64)),
        branches={name: {**PLAIN_BRANCH, 'losses': LOSSES} for name in ('whole', 'local')},
        test_features=('whole', 'local'),
        **options,
    )


TOYS: dict[str, dict[str, Any]] = {
    'three networks': _toy(),
    'joint losses': _toy(fuse_loss='concat'),
}

# A batch norm takes out the bias in front of it, and the scale where it has one channel alone.
UNMOVED = r'.*\.conv\.bias|.*\.spatial\.1\.conv\.weight'
