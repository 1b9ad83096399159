"""IDEA on the tiny CLIP."""

from __future__ import annotations

from typing import Any

from tests.methods.toys import CLIP, LOSSES, TEXT

SIZE = dict(CLIP, image_size=(64, 32))  # the aggregation needs four rows and columns of patches
KINDS = ('classes', 'captions', 'visual', 'textual')
BASE: dict[str, Any] = dict(
    type='IDEAReID',
    num_words=2,
    prefixes={name: f'A photo of a {{learned}} person, {name}:' for name in ('rgb', 'nir', 'tir')},
    reach=5,
    backbone=dict(type='InvertedCLIPVisual', **SIZE, num_cameras=2, first_camera=1, camera_on='class'),
    text=TEXT,
    branches={name: dict(losses=LOSSES) for name in KINDS},
)
ALONE = [f'{kind}_{name}' for kind in KINDS[:2] for name in ('rgb', 'nir', 'tir')]
TOYS: dict[str, dict[str, Any]] = {
    'persons': BASE,
    'vehicles': dict(
        BASE,
        backbone=dict(type='InvertedCLIPVisual', **SIZE),
        branches={name: dict(losses=LOSSES) for name in (*ALONE, 'visual', 'textual')},
    ),
}
