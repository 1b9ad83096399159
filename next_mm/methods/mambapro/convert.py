"""The names of MambaPro's authors (github.com/924973292/MambaPro), and ours."""

from __future__ import annotations

from next_mm.models.conversion import Copies, Drop, KeyMap, Rename, Rule, Stack, branch_rules, camera_rule

__all__ = ['KEY_MAPS']

_BLOCK = 'BACKBONE.base.transformer.resblocks.{i}'
_LETTERS = {'m': ('r', 'n', 't')}
_SSM = {
    'A_log': 'log_decay',
    'D': 'skip',
    'x_proj.weight': 'input_weight',
    'dt_proj.weight': 'step_weight',
    'dt_proj.bias': 'step_bias',
    'out_norm.weight': 'norm_weight',
    'out_norm.bias': 'norm_bias',
}
_UNREAD = 'nothing reads it'


def _tower_rules() -> list[Rule]:
    return [
        Rename(f'{_BLOCK}.adapter_prompt_{{m:rgb=0|nir=1|tir=2}}', 'backbone.adapters.{i}.prompts.{m}'),
        Drop('BACKBONE.base.transformer.resblocks.0.adapter_transfer.{rest*}', f'{_UNREAD}: no prompts come in'),
        Rename(
            f'{_BLOCK}.adapter_transfer.{{layer:0=down|3=up}}.{{part}}', 'backbone.adapters.{i}.transfer.{layer}.{part}'
        ),
        Rename(
            f'{_BLOCK}.adapter_{{m:r=0|n=1|t=2}}.{{layer:0=down|3=up}}.{{part}}',
            'backbone.adapters.{i}.lend.{m}.{layer}.{part}',
        ),
        Rename(
            f'{_BLOCK}.adapter_ffn.{{layer:0=down|2=up}}.{{part}}', 'backbone.adapters.{i}.feed_forward.{layer}.{part}'
        ),
        Rename('BACKBONE.base.{rest*}', 'backbone.tower.{rest*}'),
        camera_rule('BACKBONE.cv_embed', dimensions=2),
    ]


def _step_rules(block: int, *, joint: bool) -> list[Rule]:
    theirs = f'AAM.ma_block.{block}.SSM_{"inter" if joint else "intra"}'
    ours = f'aggregation.{2 * block + joint}'
    rules: list[Rule] = [
        Stack(f'{theirs}.in_proj_{{m}}.weight', f'{ours}.in_weight', _LETTERS),
        Stack(f'{theirs}.conv2d_{{m}}.0.{{part}}', f'{ours}.conv.{{part}}', _LETTERS, flat=True),
        Copies(f'{theirs}.conv2d_{{m}}.1.num_batches_tracked', f'{ours}.norm.num_batches_tracked', _LETTERS),
        Stack(f'{theirs}.conv2d_{{m}}.1.{{part}}', f'{ours}.norm.{{part}}', _LETTERS, flat=True),
        Rename(f'{theirs}.out_proj.weight', f'{ours}.out.weight'),
    ]
    for name, own in _SSM.items():
        rules.append(Stack(f'{theirs}.SSM_{{m}}_f.{name}', f'{ours}.ssm.{own}', {'m': ('2',)} if joint else _LETTERS))
    return rules


def _rules(heads: list[Rule]) -> list[Rule]:
    return [
        *_tower_rules(),
        *(rule for block in range(2) for joint in (False, True) for rule in _step_rules(block, joint=joint)),
        Rename('AAM.linear_reduction_{m:r=0|n=1|t=2}.0.{part}', 'summaries.{m}.norm.{part}'),
        Rename('AAM.linear_reduction_{m:r=0|n=1|t=2}.1.{part}', 'summaries.{m}.linear.{part}'),
        *branch_rules('fused', 'bottleneck_fuse', 'classifier_fuse'),
        *heads,
    ]


KEY_MAPS = {
    'persons': KeyMap(
        'MambaPro',
        _rules(
            [
                *branch_rules('classes', 'bottleneck', 'classifier'),
                Drop(
                    'BACKBONE.{part:bottleneck|classifier}.{rest*}',
                    f'{_UNREAD} where the class tokens are learnt together',
                ),
            ]
        ),
    ),
    'vehicles': KeyMap(
        'MambaPro',
        _rules(
            [
                *branch_rules('each', 'BACKBONE.bottleneck', 'BACKBONE.classifier'),
                Drop('{part:bottleneck|classifier}.{rest*}', f'{_UNREAD} where each class token is learnt alone'),
            ]
        ),
    ),
}
