"""The names of PromptMA's authors (github.com/FHR-L/PromptMA), and ours."""

from __future__ import annotations

from next_mm.models.conversion import Drop, KeyMap, Rename, branch_rules

__all__ = ['KEY_MAPS']

_NAMES = {'rgb': 'rgb', 'ni': 'nir', 'ti': 'tir', 'fusion': 'fusion'}

KEY_MAPS = {
    'authors': KeyMap(
        'PromptMA',
        [
            Drop('image_encoder.proj', 'nothing reads it'),
            Drop('sb_learn_cls_token', 'nothing reads it'),
            Drop('SB.class_embedding', 'nothing reads it'),
            Rename('image_encoder.{rest*}', 'backbone.tower.{rest*}'),
            Rename('prompt_embedding', 'backbone.prompts'),
            Rename('SB.resblocks.{rest*}', 'fusion.blocks.{rest*}'),
            Rename('SB.ln_post.{part}', 'fusion.norm.{part}'),
            *(
                rule
                for theirs, ours in _NAMES.items()
                for rule in branch_rules(ours, f'{theirs}_bottleneck', f'{theirs}_classifier')
            ),
        ],
    )
}
