"""Key maps of MLFN: torchreid's checkpoints, and the three networks in the history of IEEE's repository."""

from __future__ import annotations

from next_mm.models.conversion import Drop, KeyMap, Rename, Rule

__all__ = ['KEY_MAPS', 'PRETRAINED']

_MODULES = '{c:1=reduce|2=factors|3=expand}'


def _network(theirs: str, ours: str) -> list[Rule]:
    """Rules of one network, for what stands before their keys and before ours."""
    block, our_block = theirs + 'feature.{i}.', ours + 'blocks.{i}.'
    return [
        Rename(theirs + 'conv1.{x}', ours + 'stem.conv.{x}'),
        Rename(theirs + 'bn1.{x}', ours + 'stem.bn.{x}'),
        Rename(block + f'fm_conv{_MODULES}.' + '{x}', our_block + '{c}.conv.{x}'),
        Rename(block + f'fm_bn{_MODULES}.' + '{x}', our_block + '{c}.bn.{x}'),
        Rename(block + 'fsm.{c:1=0|4=1|7=2}.{x}', our_block + 'select.{c}.conv.{x}'),
        Rename(block + 'fsm.{c:2=0|5=1|8=2}.{x}', our_block + 'select.{c}.bn.{x}'),
        Rename(block + 'downsample.0.weight', our_block + 'shortcut.conv.weight'),
        Rename(block + 'downsample.1.{x}', our_block + 'shortcut.bn.{x}'),
        Rename(theirs + 'fc_{k:x=map|s=factors}.0.weight', ours + 'fc_{k}.conv.weight'),
        Rename(theirs + 'fc_{k:x=map|s=factors}.1.{x}', ours + 'fc_{k}.bn.{x}'),
    ]


PRETRAINED = KeyMap('MLFN', [*_network('', ''), Drop('classifier.{x}', 'it is of other identities', optional=True)])
"""torchreid's file to the network alone."""

KEY_MAPS = {
    'torchreid': KeyMap(  # one network, for a model with modalities=['rgb']
        'MLFN', [*_network('', 'networks.rgb.'), Rename('classifier.{x}', 'branches.rgb_whole.classifier.{x}')]
    ),
    'ieee': KeyMap(  # history of IEEE's repository
        'MLFN',
        [
            *_network('backbone.{m:0=rgb|1=nir|2=tir}.', 'networks.{m}.'),
            Rename('classifier_{m:RGB=rgb|NI=nir|TI=tir}.{x}', 'branches.{m}_whole.classifier.{x}'),
        ],
    ),
}
