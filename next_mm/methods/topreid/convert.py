"""TOP-ReID's own weights as ours; the variants are the authors' option DIRECT, which heads were trained."""

from __future__ import annotations

from next_mm.models.conversion import KeyMap, Rename, Rule, branch_rules, drop_untrained, side_vit_rules

__all__ = ['KEY_MAPS']

_M = '{m:RGB=rgb|NI=nir|TI=tir}'


def _heads(name: str) -> list[Rule]:
    """Rules of the heads beside that of the permuted tokens."""
    single = [
        Rename(f'{_M}.bottleneck.{{rest}}', 'branches.{m}.bnneck.{rest}'),
        Rename(f'{_M}.classifier.weight', 'branches.{m}.classifier.weight'),
    ]
    joint = branch_rules('classes', 'bottleneck_ViT', 'classifier_ViT')
    used, unused = (single, joint) if name == 'direct0' else (joint, single)
    return [*used, *drop_untrained(unused)]


def _rules(name: str) -> list[Rule]:
    rotation = 'TPM.{s:Ro_start=0|Ro_middle=1|Ro_end=2}.Rotation'
    return [
        *branch_rules('permuted', 'bottleneck_TPM', 'classifier_TPM'),
        *_heads(name),
        *side_vit_rules(f'{_M}.base', 'towers.{m}'),
        Rename(f'{rotation}.attn.normy.{{rest}}', 'permutation.steps.{s}.attention.norm.{rest}'),
        Rename(
            f'{rotation}.attn.{{p:q_=query|k_=key|v_=value|proj=out}}.{{rest}}',
            'permutation.steps.{s}.attention.{p}.{rest}',
        ),
        Rename(f'{rotation}.{{rest*}}', 'permutation.steps.{s}.{rest*}'),
        *(
            Rename(
                f'CRM.{their}.re{number}.blocks.0.{{rest*}}', f'reconstruction.blocks.{source}_to_{target}.{{rest*}}'
            )
            for their, source, targets in _RECONSTRUCTIONS
            for number, target in enumerate(targets, 1)
        ),
    ]


_RECONSTRUCTIONS = (
    ('RGBRE', 'rgb', ('nir', 'tir')),
    ('NIRE', 'nir', ('rgb', 'tir')),
    ('TIRE', 'tir', ('rgb', 'nir')),
)
"""Their name of a source, ours, and the targets of its two reconstructions."""

KEY_MAPS = {name: KeyMap('TOP-ReID', _rules(name)) for name in ('direct0', 'direct1')}
