"""Rules that many key maps need."""

from __future__ import annotations

from torch import Tensor

from next_mm.models.conversion.rules import Rename, Rule

__all__ = ['branch_rules', 'camera_rule']


def branch_rules(feature: str, bottleneck: str, classifier: str, *, optional: bool = False) -> list[Rule]:
    """Map a BNNeck and a classifier to the :class:`~next_mm.models.heads.IdentityBranch` of a feature.

    Args:
        feature: name of our feature.
        bottleneck: their name of the BNNeck; it may have placeholders, as ``feature`` then has.
        classifier: their name of the classifier.
        optional: whether a state dict may have no such branch.
    """
    return [
        Rename(f'{bottleneck}.{{rest*}}', f'branches.{feature}.bnneck.{{rest*}}', optional=optional),
        Rename(f'{classifier}.weight', f'branches.{feature}.classifier.weight', optional=optional),
    ]


def camera_rule(theirs: str, *, dimensions: int = 3, optional: bool = False) -> Rule:
    """Map a table of cameras, (cameras, 1, D) or (cameras, D), to the camera embedding of the backbone."""

    def to_theirs(value: Tensor) -> Tensor:
        return value.unsqueeze(1) if dimensions == 3 else value

    return Rename(
        theirs, 'backbone.camera_embedding.weight', lambda value: value.flatten(0, -2), to_theirs, optional=optional
    )
