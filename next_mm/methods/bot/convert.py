"""Key map of BoT's authors (reid-strong-baseline): one network, for a model with ``modalities=['rgb']``."""

from __future__ import annotations

from next_mm.models.conversion import KeyMap, Rename

__all__ = ['KEY_MAPS']

KEY_MAPS = {
    'one': KeyMap(
        'BoT',
        [
            Rename('base.{x*}', 'networks.rgb.trunk.{x*}'),
            Rename('bottleneck.{x}', 'branches.rgb_whole.bnneck.{x}'),
            Rename('classifier.weight', 'branches.rgb_whole.classifier.weight'),
        ],
    )
}
