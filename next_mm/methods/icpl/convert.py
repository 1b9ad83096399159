"""The names of ICPL-ReID's authors (github.com/lsh-ahu/ICPL-ReID), and ours."""

from __future__ import annotations

from next_mm.models.conversion import Copies, Drop, KeyMap, Own, Rename, Rule

__all__ = ['KEY_MAPS']

_ADAPTER = 'image_encoder.transformer.resblocks.{i}.MLP_Adapter.{layer:down_proj=down|up_proj=up}.{part}'
_PROMPTS = 'prompt_learner.{part:cls_ctx=words|token_prefix=prefix|token_suffix=suffix}'
_TEXT = "the text tower is frozen and CLIP's own, model.text.pretrained names it"
_BRANCHES = {'': '', '_proj': '_joint'}


def _text_rules() -> list[Rule]:
    return [Drop('model{k}.text_encoder.{rest*}', _TEXT, optional=True), Own('text.{rest*}', _TEXT, optional=True)]


def _separate_rules() -> list[Rule]:
    model = 'model{m:1=rgb|2=nir|3=tir}'
    rules: list[Rule] = [
        Rename(f'{model}.{_ADAPTER}', 'backbone.adapters.{m}.{i}.{layer}.{part}'),
        Rename(f'{model}.image_encoder.{{rest*}}', 'backbone.towers.{m}.{rest*}'),
        Rename(f'{model}.{_PROMPTS}', 'prompts.{m}.{part}'),
    ]
    for theirs, ours in _BRANCHES.items():
        rules.append(Rename(f'{model}.bottleneck{theirs}.{{rest*}}', f'branches.{{m}}{ours}.bnneck.{{rest*}}'))
        rules.append(Rename(f'{model}.classifier{theirs}.weight', f'branches.{{m}}{ours}.classifier.weight'))
    return rules + _text_rules()


def _shared_rules() -> list[Rule]:
    over = {'k': (1, 2, 3)}
    rules: list[Rule] = [
        Copies(f'model{{k}}.{_ADAPTER}', 'backbone.adapters.shared.{i}.{layer}.{part}', over),
        Copies('model{k}.image_encoder.{rest*}', 'backbone.tower.{rest*}', over),
        Copies(f'model{{k}}.{_PROMPTS}', 'prompts.shared.{part}', over),
    ]
    for theirs, ours in _BRANCHES.items():
        rules.append(Copies(f'model{{k}}.bottleneck{theirs}.{{rest*}}', f'branches.each{ours}.bnneck.{{rest*}}', over))
        rules.append(Copies(f'model{{k}}.classifier{theirs}.weight', f'branches.each{ours}.classifier.weight', over))
    return rules + _text_rules()


KEY_MAPS = {
    'separate': KeyMap('ICPL-ReID', _separate_rules()),
    'shared': KeyMap('ICPL-ReID', _shared_rules()),
}
