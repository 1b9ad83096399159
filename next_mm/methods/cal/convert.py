"""Key map of CAL's authors (their folder reid): one network, for a model with ``modalities=['rgb']``."""

from __future__ import annotations

from next_mm.models.conversion import KeyMap, Rename, Twin

__all__ = ['KEY_MAPS']

_LEVEL = '{k:1=0|2=1|3=2|4=3|5=4}'
_OURS = 'networks.rgb.'
_TRUNK = _OURS + 'trunk.'

KEY_MAPS = {
    'one': KeyMap(
        'CAL',
        [
            Rename('base_1.{k:0=conv1|1=bn1}.{x}', _TRUNK + '{k}.{x}'),
            Rename('base_{k:2=layer1|3=layer2|4=layer3|5=layer4}.0.{x*}', _TRUNK + '{k}.{x*}'),
            Twin('base.{x*}', _TRUNK + '{x*}'),
            Rename(f'att_s{_LEVEL}.' + '{x*}', _OURS + 'refine.{k}.0.{x*}'),
            Rename(f'BN{_LEVEL}.bottleneck2.' + '{x}', _OURS + 'refine.{k}.1.{x}'),
            Rename(f'att{_LEVEL}.fc.' + '{e:0=squeeze|2=excite}.weight', _OURS + 'refine.{k}.2.{e}.weight'),
            Rename('attentions.{k:conv=0|bn=1}.{x}', _OURS + 'parts.{k}.{x}'),
            Rename('classifier_bap.weight', _OURS + 'embed.weight'),
            Rename('bottleneck.{x}', 'branches.rgb_whole.bnneck.{x}'),
            Rename('classifier.weight', 'branches.rgb_whole.classifier.weight'),
        ],
    )
}
