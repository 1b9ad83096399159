"""ICPL-ReID on the tiny CLIP."""

from __future__ import annotations

from typing import Any

from tests.methods.toys import CLIP, LOSSES, TEXT

BASE: dict[str, Any] = dict(
    type='ICPLReID',
    template='A photo of a {learned} person.',
    backbone=dict(type='AdapterCLIPVisual', **CLIP, towers='separate'),
    text=TEXT,
    branches={f'{name}{kind}': dict(losses=LOSSES) for name in ('rgb', 'nir', 'tir') for kind in ('', '_joint')},
)
TOYS: dict[str, dict[str, Any]] = {
    'three towers': BASE,
    'one tower': dict(
        BASE,
        backbone=dict(type='AdapterCLIPVisual', **CLIP, scale=0.5),
        branches=dict(each=dict(losses=LOSSES), each_joint=dict(losses=LOSSES, test='after')),
    ),
}
