"""Key maps of HAMNet: its authors' three-modality class, and the rewrite in CCNet's and IEEE's repositories."""

from __future__ import annotations

from next_mm.models.conversion import Drop, KeyMap, Rename

__all__ = ['KEY_MAPS']


def _rules(branch: str) -> list[Drop | Rename]:
    """Rules for what the three branches are called; the name has a placeholder ``m`` that gives our modalities."""
    return [
        Rename(f'{branch}.base.' + '{x*}', 'backbone.trunks.{m}.{x*}'),
        Rename(f'{branch}.conv1.weight', 'class_maps.{m}.weight'),
        Rename(f'{branch}.bottleneck.' + '{x}', 'norms.{m}.{x}'),
        Drop(f'{branch}.classifier.weight', 'classifiers of the branches, never used'),
        Rename('classifier.{x}', 'branches.identity.classifier.{x}'),
    ]


KEY_MAPS = {
    'authors': KeyMap('HAMNet', _rules('{m:visible=rgb|nir=nir|thermal=tir}_net')),
    'ccnet': KeyMap('HAMNet', _rules('branch_{m:0=rgb|1=nir|2=tir}')),
}
