"""IDEA on the tiny CLIP."""

from __future__ import annotations

from typing import Any

from tests.methods.toys import CLIP, LOSSES, TEXT

BASE: dict[str, Any] = dict(
    type='IDEAReID',
    num_words=2,
    prefixes=None,
    reach=2,
    backbone=dict(type='InvertedCLIPVisual', **{**CLIP, 'image_size': (64, 32)}),
    text=TEXT,
    branches={name: dict(losses=LOSSES) for name in ('classes', 'captions', 'visual', 'textual')},
)
TOYS: dict[str, dict[str, Any]] = {
    'plain': BASE,
    'cameras': dict(
        BASE, backbone=dict(BASE['backbone'], num_cameras=2, first_camera=1, camera_on='class'), absent_captions=True
    ),
}
