"""HAMNet with tiny trunks."""

from __future__ import annotations

from typing import Any

from tests.methods.small_trunk import IMAGE_SIZE, PLAIN_BRANCH, TRUNK
from tests.methods.toys import LOSSES


def _toy(**options: Any) -> dict[str, Any]:
    return dict(
        type='HAMNetReID',
        backbone=dict(type='TripletTrunks', image_size=IMAGE_SIZE, trunk=TRUNK),
        branches=dict(identity={**PLAIN_BRANCH, 'losses': LOSSES}),
        **options,
    )


TOYS: dict[str, dict[str, Any]] = {'features': _toy(), 'votes': _toy(fused_logits='votes')}
