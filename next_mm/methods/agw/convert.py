"""Key map of AGW's authors (ReID-Survey): one network, for a model with ``modalities=['rgb']``."""

from __future__ import annotations

from next_mm.models.conversion import KeyMap, Rename

__all__ = ['KEY_MAPS']

KEY_MAPS = {
    'one': KeyMap(
        'AGW',
        [
            Rename('base.NL_{s:2|3}.{i}.{layer:g|theta|phi}.{x}', 'networks.rgb.nonlocal{s}.{i}.{layer}.{x}'),
            Rename('base.NL_{s:2|3}.{i}.W.0.{x}', 'networks.rgb.nonlocal{s}.{i}.expand.{x}'),
            Rename('base.NL_{s:2|3}.{i}.W.1.{x}', 'networks.rgb.nonlocal{s}.{i}.norm.{x}'),
            Rename('base.{x*}', 'networks.rgb.trunk.{x*}'),
            Rename('global_pool.p', 'networks.rgb.pool.power'),
            Rename('bottleneck.{x}', 'branches.rgb_whole.bnneck.{x}'),
            Rename('classifier.weight', 'branches.rgb_whole.classifier.weight'),
        ],
    )
}
