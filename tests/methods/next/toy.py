"""NEXT on the tiny CLIP, with and without captions."""

from __future__ import annotations

from typing import Any

from tests.methods.toys import CLIP, LOSSES, TEXT

BASE: dict[str, Any] = dict(
    type='NEXTReID',
    backbone=dict(type='CLIPVisual', **CLIP),
    text=TEXT,
    neck=dict(type='MultiGrainedExperts', semantic=dict(type='TMSE'), structure=dict(type='CSSE')),
    head=dict(type='MGFAHead', num_heads=4),
    branches=dict(experts=dict(losses=LOSSES)),
)
TOYS: dict[str, dict[str, Any]] = {
    'full': BASE,
    'without text': dict(BASE, text=None),
    'cameras': dict(BASE, backbone=dict(BASE['backbone'], num_cameras=2)),
}
