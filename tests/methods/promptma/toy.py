"""PromptMA on the tiny CLIP."""

from __future__ import annotations

from typing import Any

from tests.methods.toys import CLIP, LOSSES

TOYS: dict[str, dict[str, Any]] = {
    'plain': dict(
        type='PromptMAReID',
        backbone=dict(type='ExchangingCLIPVisual', **CLIP, num_prompted=1),
        branches={name: dict(losses=LOSSES, test='after') for name in ('rgb', 'nir', 'tir', 'fusion')},
    )
}
