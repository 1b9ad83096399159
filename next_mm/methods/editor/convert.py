"""EDITOR's own weights as ours; the variants are the authors' option AL, which heads were trained."""

from __future__ import annotations

from next_mm.models.conversion import (
    Drop,
    KeyMap,
    Rename,
    Rule,
    Stack,
    branch_rules,
    drop_untrained,
    side_vit_rules,
)

__all__ = ['KEY_MAPS']

_M = '{m:R=0|N=1|T=2}'


def _block(attention: str, norm1: str, norm2: str, mlp: str, ours: str) -> list[Rule]:
    return [
        Rename(f'FUSE_block.{attention}.{{p:qkv|proj}}.weight', f'aggregation.{ours}.{{p}}.weight'),
        Rename(f'FUSE_block.{norm1}.{{rest}}', f'aggregation.{ours}.norm1.{{rest}}'),
        Rename(f'FUSE_block.{norm2}.{{rest}}', f'aggregation.{ours}.norm2.{{rest}}'),
        Rename(f'FUSE_block.{mlp}.{{p:fc1|fc2}}.weight', f'aggregation.{ours}.{{p}}.weight'),
    ]


def _rules(name: str) -> list[Rule]:
    each = branch_rules('each', 'BACKBONE_BN', 'BACKBONE_HEAD')
    joint = branch_rules('classes', 'AL_BN', 'AL_HEAD')
    used, unused = (joint, each) if name == 'al1' else (each, joint)
    return [
        *branch_rules('fused', 'FUSE_BN', 'FUSE_HEAD'),
        *used,
        *drop_untrained(unused),
        *side_vit_rules('BACKBONE.base', 'backbone'),
        Stack('FUSE_block.memory_cls.{c}_centers', 'centres.centres', over={'c': ('RGB', 'NIR', 'TIR')}),
        *_block('attn1', 'norm1', 'norm2', 'mlp', 'joint'),
        Rename('FUSE_block.out_norm.{rest}', 'aggregation.norm.{rest}'),
        *_block(f'attn{_M}', f'norm{_M}', f'norm{_M}_', f'mlp{_M}', 'single.{m}'),
        Rename('{m:RGB=0|NIR=1|TIR=2}_REDUCE.{rest}', 'aggregation.reductions.{m}.{rest}'),
        Drop('FREQ_INDEX.{rest*}', 'constant Haar filters, which the selection does without', optional=True),
    ]


KEY_MAPS = {name: KeyMap('EDITOR', _rules(name)) for name in ('al1', 'al0')}
