"""HTT's own weights as ours; its classifier has 171 rows whatever the dataset, so build the
model with ``num_classes=171``."""

from __future__ import annotations

from next_mm.models.conversion import KeyMap, branch_rules, side_vit_rules

__all__ = ['KEY_MAPS']

KEY_MAPS = {
    'htt': KeyMap(
        'HTT', [*branch_rules('classes', 'bottleneck', 'classifier'), *side_vit_rules('base', 'backbone', end='end')]
    )
}
