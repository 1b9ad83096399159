"""Key maps of OSNet: torchreid's checkpoints, and two repositories' three networks."""

from __future__ import annotations

from next_mm.models.conversion import KeyMap, Rename, Rule, torchreid_maps

__all__ = ['KEY_MAPS', 'PRETRAINED']

_STAGE = 'conv{s:2=0|3=1|4=2}.'


def _network(theirs: str, ours: str) -> list[Rule]:
    """Rules of one network, for what stands before their keys and before ours."""
    block = theirs + _STAGE + '{b}.'
    deep = block + 'conv2{k:b=1|c=2|d=3}.{j}.'
    our_block = ours + 'stages.{s}.{b}.'
    return [
        Rename(theirs + 'conv1.{x*}', ours + 'stem.{x*}'),
        Rename(theirs + _STAGE + '2.0.{x*}', ours + 'stages.{s}.2.{x*}'),
        Rename(block + 'conv1.{x*}', our_block + 'reduce.{x*}'),
        Rename(block + 'conv2a.conv1.weight', our_block + 'streams.0.0.pointwise.weight'),
        Rename(block + 'conv2a.conv2.weight', our_block + 'streams.0.0.depthwise.conv.weight'),
        Rename(block + 'conv2a.bn.{x}', our_block + 'streams.0.0.depthwise.bn.{x}'),
        Rename(deep + 'conv1.weight', our_block + 'streams.{k}.{j}.pointwise.weight'),
        Rename(deep + 'conv2.weight', our_block + 'streams.{k}.{j}.depthwise.conv.weight'),
        Rename(deep + 'bn.{x}', our_block + 'streams.{k}.{j}.depthwise.bn.{x}'),
        Rename(block + 'gate.{x*}', our_block + 'gate.{x*}'),
        Rename(block + 'conv3.{x*}', our_block + 'expand.{x*}'),
        Rename(block + 'downsample.{x*}', our_block + 'shortcut.{x*}'),
        Rename(theirs + 'conv5.{x*}', ours + 'last.{x*}'),
        Rename(theirs + 'fc.{x*}', ours + 'fc.{x*}'),
    ]


PRETRAINED, KEY_MAPS = torchreid_maps('OSNet', _network)
"""torchreid's file to the network alone, and the maps to a model."""

KEY_MAPS['ccnet'] = KeyMap(  # CCNet's repository
    'OSNet',
    [
        *_network('model_{m:rgb|nir|tir}.', 'networks.{m}.'),
        Rename('model_{m:rgb|nir|tir}.classifier.{x}', 'branches.{m}_whole.classifier.{x}'),
    ],
)
