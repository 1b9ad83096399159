"""Key maps of MLFN: torchreid's checkpoints, and the three networks in the history of IEEE's repository."""

from __future__ import annotations

from next_mm.models.conversion import Rename, Rule, torchreid_maps

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


PRETRAINED, KEY_MAPS = torchreid_maps('MLFN', _network)
"""torchreid's file to the network alone, and the maps to a model."""
