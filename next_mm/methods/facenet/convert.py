"""FACENet's own weights as ours."""

from __future__ import annotations

from next_mm.models.conversion import Drop, KeyMap, Rename, Rule, branch_rules, side_vit_rules

__all__ = ['KEY_MAPS']

_MODALITIES = (('', '', 'rgb'), ('1', 'N', 'nir'), ('2', 'T', 'tir'))
"""Their endings of towers and of heads, our modality."""
_UNUSED = 'it is never used'


def _attention(theirs: str, ours: str) -> list[Rule]:
    return [
        Rename(f'cross_att.{theirs}.fn.norm.{{rest}}', f'masks.{ours}.norm1.{{rest}}'),
        Rename(f'cross_att.{theirs}.fn.fn.norm.{{rest}}', f'masks.{ours}.norm2.{{rest}}'),
        Rename(f'cross_att.{theirs}.fn.fn.{{p:query|key|value|out}}_proj.{{rest}}', f'masks.{ours}.{{p}}.{{rest}}'),
        Drop(f'cross_att.{theirs}.fn.fn.to_out.0.{{rest}}', _UNUSED, optional=True),
    ]


def _flare_head(theirs: str, ours: str) -> list[Rule]:
    return [
        Rename(f'b_{theirs}_label.{{rest*}}', f'flare_heads.{ours}.end.{{rest*}}'),
        Rename(f'bottleneck_{theirs}_label.{{rest}}', f'flare_heads.{ours}.bnneck.{{rest}}'),
        Rename(f'classifier_{theirs}_label.weight', f'flare_heads.{ours}.classifier.weight'),
    ]


def _modality(tower: str, head: str, ours: str) -> list[Rule]:
    return [
        *branch_rules(ours, f'bottleneck{head}', f'classifier{head}'),
        Rename(f'b1{head}.{{rest*}}', f'ends.{ours}.{{rest*}}'),
        Drop(f'b2{head}.{{rest*}}', _UNUSED, optional=True),
        *side_vit_rules(f'base{tower}', f'towers.{ours}', unused_end=True),
    ]


KEY_MAPS = {
    'facenet': KeyMap(
        'FACENet',
        [
            Rename('threshold', 'threshold'),
            *_attention('cross_att', 'rgb'),
            *_attention('cross_att1', 'nir'),
            *_flare_head('R', 'rgb'),
            *_flare_head('N', 'nir'),
            *(rule for names in _MODALITIES for rule in _modality(*names)),
        ],
    )
}
