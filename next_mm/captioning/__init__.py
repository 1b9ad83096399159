"""Reliable captions (Sec. IV of the paper): attributes with confidence, merged, complemented, composed.

Nothing here loads torch: a run over 100,000 pictures takes little memory.
"""

from next_mm.captioning.attributes.answers import ParsedAnswer, parse_answer
from next_mm.captioning.attributes.checker import check_caption
from next_mm.captioning.attributes.merge import complement_modalities, merge_models
from next_mm.captioning.attributes.observations import Observation
from next_mm.captioning.attributes.schema import Attribute, Schema, load_schema
from next_mm.captioning.attributes.template import compose_caption
from next_mm.captioning.settings import CaptionSettings, ModelSettings, parse_settings

__all__ = [
    'Attribute',
    'CaptionSettings',
    'ModelSettings',
    'Observation',
    'ParsedAnswer',
    'Schema',
    'check_caption',
    'complement_modalities',
    'compose_caption',
    'load_schema',
    'merge_models',
    'parse_answer',
    'parse_settings',
]
