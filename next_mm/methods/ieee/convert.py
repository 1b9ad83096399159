"""Key map of IEEE's authors."""

from __future__ import annotations

from next_mm.models.conversion import Drop, KeyMap, Rename

__all__ = ['KEY_MAPS']

_M = '{m:0=rgb|1=nir|2=tir}.'
_LAYERS = 'layers.{k:0=conv|1=bn}.{x}'
_LETTER = '{m:R=rgb|N=nir|T=tir}.'
_PART = '{i:0=1|1=2|2=3|3=4|4=5|5=6}'

KEY_MAPS = {
    'authors': KeyMap(
        'IEEE',
        [
            Rename('backbone.' + _M + '{x*}', 'backbone.trunks.{m}.{x*}'),
            Rename('convOne.' + _M + _LAYERS, 'interactions.{m}.own.{k}.{x}'),
            Rename('convAvgRest.' + _M + _LAYERS, 'interactions.{m}.others.{k}.{x}'),
            Rename('CA.' + _M + 'fc.{i}.weight', 'interactions.{m}.gate.{i}.weight'),
            Rename('reduce_layer.' + _M + _LAYERS, 'embeddings.{m}.reduce.{k}.{x}'),
            Rename('REM.' + _M + 'param', 'embeddings.{m}.scale'),
            Rename('REM.' + _M + 'conv_part.{x}', 'embeddings.{m}.relation.{x}'),
            Drop(
                'REM.{i}.conv_{k:query|value}.{x}',
                'a softmax over one element is 1 for any query, and the value is overwritten: they have no effect',
            ),
            Rename('fc_' + _LETTER + '{i}.{x*}', 'embeddings.{m}.heads.{i}.{x*}'),
            Rename('classifier_' + _LETTER + _PART + '.{x}', 'branches.{m}_{i}.classifier.{x}'),
        ],
    )
}
