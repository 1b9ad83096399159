"""PFD's own weights as ours.

Theirs are of one modality. The variants say whose they become: the network that the modalities share, or that of one
modality alone. The pose network is not in them.
"""

from __future__ import annotations

from next_mm.models.conversion import Copies, Drop, KeyMap, Rename, Rule, branch_rules, side_vit_rules
from next_mm.triplet import MODALITIES

__all__ = ['KEY_MAPS']

_NORMS = '{k:transformerdecoder.norm|decoder_norm}'
_UNUSED = 'it is never used'


def _rules(owner: str) -> list[Rule]:
    network = f'networks.{owner}'
    layer, ours = 'transformerdecoder.layers.{i}', f'{network}.decoder.layers.{{i}}'
    return [
        *branch_rules(f'{owner}_whole', 'bottleneck', 'classifier_encoder'),
        *branch_rules(f'{owner}_view', 'bottleneck_decoder', 'classifier_decoder'),
        *branch_rules(f'{owner}_view{{j}}', 'bottleneck_decoder_{j}', 'classifier_decoder_{j}'),
        *branch_rules(f'{owner}_part{{j}}', 'bottleneck_{j}', 'classifier_{j}'),
        Rename('non_skt_decoder.{rest}', f'{network}.unseen_neck.{{rest}}'),
        Rename('pose_decoder_linear.{rest}', f'{network}.pose_embedding.{{rest}}'),
        Rename('query_embed', f'{network}.decoder.queries'),
        Rename(f'{layer}.self_attn.{{rest*}}', f'{ours}.self_attention.{{rest*}}'),
        Rename(f'{layer}.multihead_attn.{{rest*}}', f'{ours}.cross_attention.{{rest*}}'),
        Rename(f'{layer}.{{rest*}}', f'{ours}.{{rest*}}'),
        Copies(
            f'{_NORMS}.{{rest}}', f'{network}.decoder.norm.{{rest}}', {'k': ('transformerdecoder.norm', 'decoder_norm')}
        ),
        Rename('b2.{rest*}', f'{network}.part_end.{{rest*}}'),
        Drop('transformerdecoderlayer.{rest*}', _UNUSED, optional=True),
        Drop('classifier.weight', _UNUSED, optional=True),
        *side_vit_rules('base_vit', f'{network}.backbone', unused_end=True),
    ]


KEY_MAPS = {owner: KeyMap('PFD', _rules(owner)) for owner in ('shared', *MODALITIES)}
