"""TransReID with tiny towers."""

from __future__ import annotations

from typing import Any

from tests.methods.side_vit import SIDE_VIT
from tests.methods.toys import LOSSES


def _toy(num_locals: int, **options: Any) -> dict[str, Any]:
    names = ('whole', 'local1', 'local2')[: 1 + num_locals]
    backbone = dict(SIDE_VIT, num_cameras=2)
    return dict(
        type='TransReID',
        network=dict(type='TransReIDNetwork', backbone=backbone, num_locals=num_locals, shift=3),
        branches={name: dict(losses=LOSSES, test_weight=0.5) for name in names},
        test_features=names,
        **options,
    )


TOYS: dict[str, dict[str, Any]] = {
    'jigsaw': _toy(2),
    'plain': _toy(0),
    'shared': _toy(2, networks='shared'),
    'nir and tir': _toy(2, modalities=['nir', 'tir']),
}
