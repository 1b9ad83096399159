"""The names of DeMo's authors (github.com/924973292/DeMo), and ours."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from next_mm.models.conversion import Copies, Indices, KeyMap, Rename, Stack, branch_rules, camera_rule

__all__ = ['KEY_MAPS']

_SUBSETS = ('r', 'n', 't', 'rn', 'rt', 'nt', 'rnt')
_EXPERT = 'generalFusion.moe.experts.{h}.expertHead.{j}.mlp'


def _heads(state: Mapping[str, Tensor]) -> range:
    return range(state['mixture.weight'].shape[1])


_OVER_EXPERTS: dict[str, Indices] = {'j': range(len(_SUBSETS)), 'h': _heads}

KEY_MAPS = {
    'authors': KeyMap(
        'DeMo',
        [
            Rename('BACKBONE.base.{rest*}', 'backbone.tower.{rest*}'),
            camera_rule('BACKBONE.cv_embed', optional=True),
            Rename('{m:rgb=0|nir=1|tir=2}_reduce.0.{part}', 'summaries.{m}.norm.{part}'),
            Rename('{m:rgb=0|nir=1|tir=2}_reduce.1.{part}', 'summaries.{m}.linear.{part}'),
            Stack(
                'generalFusion.{k}_token',
                'decoupling.queries',
                {'k': _SUBSETS},
                to_ours=lambda value: value.flatten(),
                to_theirs=lambda value: value[None, None],
            ),
            Stack('generalFusion.{k:r|n|t|rn|rt|nt|rnt}.in_proj_{part}', 'decoupling.in_proj_{part}', {'k': _SUBSETS}),
            Stack(
                'generalFusion.{k:r|n|t|rn|rt|nt|rnt}.out_proj.{part}', 'decoupling.out_proj_{part}', {'k': _SUBSETS}
            ),
            Rename('generalFusion.moe.gating_network.gate.linear_re.0.{part}', 'mixture.gate.reduce.{part}'),
            Rename('generalFusion.moe.gating_network.gate.linear_re.2.{part}', 'mixture.gate.norm.{part}'),
            Rename('generalFusion.moe.gating_network.gate.{part:q_=query|k_=key}.weight', 'mixture.gate.{part}.weight'),
            Stack(f'{_EXPERT}.0.{{part}}', 'mixture.{part}', _OVER_EXPERTS),
            Copies(f'{_EXPERT}.2.num_batches_tracked', 'mixture.norm.num_batches_tracked', _OVER_EXPERTS),
            Stack(f'{_EXPERT}.2.{{part}}', 'mixture.norm.{part}', _OVER_EXPERTS, flat=True),
            *branch_rules('experts', 'bottleneck_moe', 'classifier_moe'),
            *branch_rules('classes', 'bottleneck', 'classifier', optional=True),
            *(
                rule
                for letter, name in zip('rnt', ('rgb', 'nir', 'tir'))
                for rule in branch_rules(name, f'bottleneck_{letter}', f'classifier_{letter}', optional=True)
            ),
        ],
    )
}
