"""BoT with tiny networks."""

from __future__ import annotations

from typing import Any

from tests.methods.small_trunk import IMAGE_SIZE, TRUNK
from tests.methods.toys import LOSSES


def _toy(**options: Any) -> dict[str, Any]:
    return dict(
        type='BoTReID',
        network=dict(type='BoTNetwork', image_size=IMAGE_SIZE, trunk=TRUNK),
        branches=dict(whole=dict(test='after', losses={**LOSSES, 'center': dict(type='CenterLoss')})),
        test_features=('whole',),
        **options,
    )


TOYS: dict[str, dict[str, Any]] = {
    'three networks': _toy(),
    'joint losses': _toy(fuse_loss='concat'),
    'shared': _toy(networks='shared'),
    'rgb alone': _toy(modalities=['rgb']),
}
