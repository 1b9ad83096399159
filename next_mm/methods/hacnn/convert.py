"""Key maps of HACNN: torchreid's checkpoints, and the three networks in the history of IEEE's repository."""

from __future__ import annotations

from next_mm.models.conversion import Drop, KeyMap, Rename, Rule

__all__ = ['KEY_MAPS']

_LEVEL = '{i:1=0|2=1|3=2}'
_STREAM = 'stream{k:1=0|2=1|3=2|4=3}.{x*}'


def _network(theirs: str, ours: str) -> list[Rule]:
    """Rules of one network, for what stands before their keys and before ours."""
    soft = theirs + f'ha{_LEVEL}.soft_attn.'
    return [
        Rename(theirs + 'conv.{x*}', ours + 'stem.{x*}'),
        Rename(theirs + f'inception{_LEVEL}.{{j}}.{_STREAM}', ours + 'stages.{i}.{j}.streams.{k}.{x*}'),
        Rename(soft + '{a:spatial|channel}_attn.conv{c:1=0|2=1}.{x*}', ours + 'soft.{i}.{a}.{c}.{x*}'),
        Rename(soft + 'conv.{x*}', ours + 'soft.{i}.joint.{x*}'),
        Rename(theirs + f'ha{_LEVEL}.hard_attn.fc.' + '{x}', ours + 'hard.{i}.fc.{x}'),
        Rename(theirs + f'local_conv{_LEVEL}.{_STREAM}', ours + 'local.{i}.streams.{k}.{x*}'),
        Rename(theirs + 'fc_{f:global=whole|local}.{x*}', ours + 'fc_{f}.{x*}'),
    ]


KEY_MAPS = {
    'torchreid': KeyMap(  # one network, for a model with modalities=['rgb']
        'HACNN',
        [
            *_network('', 'networks.rgb.'),
            Rename('classifier_{f:global=whole|local}.{x}', 'branches.rgb_{f}.classifier.{x}'),
        ],
    ),
    'ieee': KeyMap(  # history of IEEE's repository
        'HACNN',
        [
            *_network('backbone.{m:0=rgb|1=nir|2=tir}.', 'networks.{m}.'),
            Drop('backbone.{m}.classifier_{f}.{x}', 'classifiers of the single networks, never used'),
            Rename('classifier_{m:RGB=rgb|NI=nir|TI=tir}_{f:g=whole|l=local}.{x}', 'branches.{m}_{f}.classifier.{x}'),
        ],
    ),
}
