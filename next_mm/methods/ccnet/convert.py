"""Key map of CCNet's authors."""

from __future__ import annotations

from next_mm.models.conversion import KeyMap, Rename, branch_rules

__all__ = ['KEY_MAPS']

_BRANCH = 'branch_{m:0=rgb|1=nir|2=tir}.'
_UNIT = _BRANCH + 'modalnorm.conv_{u:gamma|beta}.'

KEY_MAPS = {
    'authors': KeyMap(
        'CCNet',
        [
            Rename(_BRANCH + 'base.{x*}', 'networks.{m}.trunk.{x*}'),
            Rename(_UNIT + 'conv1.{i}.{k:0=conv|1=bn}.{x}', 'networks.{m}.norm.{u}.convs.{i}.{k}.{x}'),
            Rename(_UNIT + 'conv_alpha.0.{x}', 'networks.{m}.norm.{u}.head.{x}'),
            *branch_rules('{m}_whole', _BRANCH + 'bottleneck', _BRANCH + 'classifier'),
        ],
    )
}
