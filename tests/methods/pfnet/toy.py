"""PFNet with tiny trunks."""

from __future__ import annotations

from typing import Any

from tests.methods.small_trunk import IMAGE_SIZE, PLAIN_BRANCH, small_trunk
from tests.methods.toys import LOSSES

_JOINT = dict(bnneck=False, classifier=False, losses=dict(triplet=LOSSES['triplet']))
_GATED = dict(type='GatedTrunk', trunk=small_trunk(stem_norm=False, stem_relu=False, maxpool=False, last_stride=2))


def _toy(trunk: dict[str, Any], **options: Any) -> dict[str, Any]:
    return dict(
        type='PFNetReID',
        backbone=dict(type='TripletTrunks', image_size=IMAGE_SIZE, trunk=trunk),
        part_dim=8,
        **options,
    )


TOYS: dict[str, dict[str, Any]] = {
    'persons': _toy(small_trunk(), branches=dict(part=PLAIN_BRANCH, all=_JOINT)),
    'vehicles': _toy(
        _GATED, share_rgb_classifier=True, branches=dict(part=PLAIN_BRANCH, all={**PLAIN_BRANCH, 'losses': LOSSES})
    ),
}
