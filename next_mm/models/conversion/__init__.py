"""Weights of the authors' programs as ours, and back."""

from next_mm.models.conversion.common import (
    branch_rules,
    camera_rule,
    drop_untrained,
    side_vit_rules,
    torchreid_maps,
)
from next_mm.models.conversion.key_map import Conversion, KeyMap
from next_mm.models.conversion.rules import Copies, Drop, Indices, Own, Rename, Rule, Stack, Twin

__all__ = [
    'Conversion',
    'Copies',
    'Drop',
    'Indices',
    'KeyMap',
    'Own',
    'Rename',
    'Rule',
    'Stack',
    'Twin',
    'branch_rules',
    'camera_rule',
    'drop_untrained',
    'side_vit_rules',
    'torchreid_maps',
]
