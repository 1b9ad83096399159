"""Key maps of PFNet: the form for persons in the history of IEEE's repository, and the one in CCNet's."""

from __future__ import annotations

from torch import Tensor

from next_mm.models.conversion import Drop, KeyMap, Rename

__all__ = ['KEY_MAPS']

_MAP = '{s:R=rgb|N=nir|T=tir|RT=rgbtir|RN=rgbnir}'
_HALF = '{h:0=top|1=bottom}'
_NAMED = '{s:rgb|th=nir|ni=tir}_{h:top|bottom}'
_SUM = 'fusion_{h:top|bottom}{s:1=rgbnir|2=rgbtir}'
_RGB_BOTTOM = 'the bottom half of RGB goes through the classifier of the top'


def _reverse_maps(weight: Tensor) -> Tensor:
    """Turn the order of the five maps around: theirs begins with NIR and ends with TIR."""
    return weight.unflatten(1, (5, -1)).flip(1).flatten(1)


KEY_MAPS = {
    'persons': KeyMap(
        'PFNet',
        [
            Rename('backbone.{m:0=rgb|1=nir|2=tir}.{x*}', 'backbone.trunks.{m}.{x*}'),
            Rename(f'fc_{_MAP}.{_HALF}.' + '{x*}', 'heads.{s}_{h}.{x*}'),
            Drop('classifier_all.{x}', 'never used'),
            Rename(f'classifier_{_MAP}.{_HALF}.' + '{x}', 'branches.{s}_{h}.classifier.{x}'),
        ],
    ),
    'ccnet': KeyMap(
        'PFNet',
        [
            Drop('base{m}.fc.{x}', "ImageNet's classifier, never used"),
            Drop('base{m}.bn1.{x}', 'never used: the second layer reads the first convolution itself'),
            Rename('base{m:1=rgb|2=nir|3=tir}.{x*}', 'backbone.trunks.{m}.trunk.{x*}'),
            Rename('{m:rgb|th=nir|ni=tir}_SA.conv1.weight', 'backbone.trunks.{m}.gate.conv.weight'),
            Rename(f'fc_{_NAMED}.0.' + '{x*}', 'heads.{s}_{h}.{x*}'),
            Rename(f'fc_{_SUM}.0.' + '{x*}', 'heads.{s}_{h}.{x*}'),
            Rename('classifier_all.weight', 'branches.all.classifier.weight', _reverse_maps, _reverse_maps),
            Rename('classifier_all.bias', 'branches.all.classifier.bias'),
            Rename('classifier_rgb_top.{x}', 'branches.rgb_halves.classifier.{x}'),
            Drop('classifier_rgb_bottom.{x}', _RGB_BOTTOM),
            Rename(f'classifier_{_SUM}.' + '{x}', 'branches.{s}_{h}.classifier.{x}'),
            Rename(f'classifier_{_NAMED}.' + '{x}', 'branches.{s}_{h}.classifier.{x}'),
        ],
    ),
}
