"""The names of IDEA's authors (github.com/924973292/IDEA), and ours."""

from __future__ import annotations

from torch import Tensor

from next_mm.models.conversion import Drop, KeyMap, Own, Rename, branch_rules, camera_rule
from next_mm.triplet import MODALITIES

__all__ = ['KEY_MAPS']


def _flat(value: Tensor) -> Tensor:
    """A 1 x 1 convolution as a linear layer."""
    return value.flatten(1) if value.dim() > 1 else value


def _conv(value: Tensor) -> Tensor:
    return value[:, :, None, None] if value.dim() > 1 else value


_KINDS = {'v': 'classes', 't': 'captions'}

KEY_MAPS = {
    'authors': KeyMap(
        'IDEA',
        [
            Rename('BACKBONE.base.visual.new_positional_embedding', 'backbone.caption_position'),
            Rename('BACKBONE.base.visual.{rest*}', 'backbone.tower.{rest*}'),
            camera_rule('BACKBONE.cv_embed'),
            Rename('BACKBONE.base.text_prompt', 'summary.words'),
            Rename('BACKBONE.inverseNet.{layer:fc1=0|fc2=3}.{part}', 'inverse.{layer}.{part}'),
            Rename('BACKBONE.base.transformer.resblocks.{rest*}', 'text.tower.blocks.{rest*}', optional=True),
            Rename('BACKBONE.base.{part:positional_embedding|text_projection}', 'text.tower.{part}', optional=True),
            Rename('BACKBONE.base.{layer:token_embedding|ln_final}.{part}', 'text.tower.{layer}.{part}', optional=True),
            Own('text.tower_digest', 'it says which text tower the captions went through', optional=True),
            Drop('BACKBONE.base.logit_scale', 'nothing reads it'),
            Rename('CDA.da_group.0.conv_offset.0.{part}', 'aggregation.mix.{part}', _flat, _conv),
            Rename('CDA.da_group.0.conv_offset.2.{part}', 'aggregation.depthwise.{part}'),
            Rename('CDA.da_group.0.conv_offset.4.weight', 'aggregation.offset.weight'),
            Rename(
                'CDA.da_group.0.proj_{layer:q=query|k=key|v=value|out=out}.{part}',
                'aggregation.{layer}.{part}',
                _flat,
                _conv,
            ),
            *branch_rules('visual', 'bottleneck_visual', 'visual_classifier'),
            *branch_rules('textual', 'bottleneck_textual', 'textual_classifier'),
            *(
                rule
                for letter, kind in _KINDS.items()
                for name in ('', *(f'_{modality}' for modality in MODALITIES))
                for rule in branch_rules(
                    f'{kind}{name}', f'bottleneck_{letter}{name}', f'classifier_{letter}{name}', optional=True
                )
            ),
        ],
    )
}
