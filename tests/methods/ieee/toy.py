"""IEEE with tiny trunks."""

from __future__ import annotations

from typing import Any

from tests.methods.small_trunk import IMAGE_SIZE, PLAIN_BRANCH, small_trunk

TOYS: dict[str, dict[str, Any]] = {
    'parts': dict(
        type='IEEEReID',
        backbone=dict(type='TripletTrunks', image_size=IMAGE_SIZE, trunk=small_trunk()),
        inner=16,
        part_dim=8,
        branches=dict(part=PLAIN_BRANCH),
    )
}

UNMOVED = r'embeddings\.\w+\.relation\..*'  # the factor on it starts at zero
