"""TransReID's own weights as ours.

Theirs are of one modality. The variants say whose they become: the network that the modalities share, or that of one
modality alone; ``-plain`` is the network without a jigsaw.
"""

from __future__ import annotations

from next_mm.models.conversion import KeyMap, Rename, Rule, branch_rules, side_vit_rules
from next_mm.triplet import MODALITIES

__all__ = ['KEY_MAPS']


def _rules(owner: str) -> list[Rule]:
    network = f'networks.{owner}'
    local = '_{k:1|2|3|4}'
    return [
        *branch_rules(f'{owner}_whole', 'bottleneck', 'classifier'),
        *branch_rules(f'{owner}_local{{k}}', f'bottleneck{local}', f'classifier{local}'),
        Rename('b1.{rest*}', f'{network}.global_end.{{rest*}}'),
        Rename('b2.{rest*}', f'{network}.local_end.{{rest*}}'),
        *side_vit_rules('base', f'{network}.backbone', unused_end=True),
    ]


def _plain_rules(owner: str) -> list[Rule]:
    network, branch = f'networks.{owner}', branch_rules(f'{owner}_whole', 'bottleneck', 'classifier')
    return [*branch, *side_vit_rules('base', f'{network}.backbone', end=f'{network}.global_end')]


_OWNERS = ('shared', *MODALITIES)
KEY_MAPS = {owner: KeyMap('TransReID', _rules(owner)) for owner in _OWNERS} | {
    f'{owner}-plain': KeyMap('TransReID without a jigsaw', _plain_rules(owner)) for owner in _OWNERS
}
