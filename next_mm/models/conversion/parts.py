"""Rules for the parts that many methods share: the vision transformer with side information, and identity branches."""

from __future__ import annotations

from next_mm.models.conversion.rules import Drop, Rename, Rule

__all__ = ['branch_rules', 'side_vit_rules']


def side_vit_rules(theirs: str, ours: str, *, last_block: int | None = None) -> list[Rule]:
    """Return the rules of a :class:`~next_mm.models.backbones.SideViT`.

    Args:
        theirs: prefix of their keys, with its dot.
        ours: prefix of our keys, with its dot.
        last_block: number of the last block where it and the final norm are never used, as by methods that end in copies of them.
    """
    rules: list[Rule] = [Drop(f'{theirs}fc.{{rest}}', 'the classifier of ImageNet, never used', optional=True)]
    if last_block is not None:
        why = 'the method runs copies of it, never itself'
        rules += [Drop(f'{theirs}blocks.{last_block}.{{rest*}}', why), Drop(f'{theirs}norm.{{rest}}', why)]
    return [
        *rules,
        Rename(
            f'{theirs}sie_embed',
            f'{ours}camera_embedding.weight',
            lambda table: table.squeeze(1),
            lambda table: table.unsqueeze(1),
            optional=True,
        ),
        Rename(f'{theirs}{{rest*}}', f'{ours}{{rest*}}'),
    ]


def branch_rules(bnneck: str, classifier: str, branch: str, *, optional: bool = False) -> list[Rule]:
    """Return the rules of an identity branch, their BatchNorm and linear layer."""
    return [
        Rename(f'{bnneck}.{{rest}}', f'branches.{branch}.bnneck.{{rest}}', optional=optional),
        Rename(f'{classifier}.weight', f'branches.{branch}.classifier.weight', optional=optional),
    ]
