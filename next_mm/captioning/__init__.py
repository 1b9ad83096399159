"""Reliable captions (Sec. IV of the paper): attributes with confidence, merged, complemented, composed.

Nothing here loads torch: a run over 100,000 pictures takes little memory.
"""

from next_mm.captioning.answers import ParsedAnswer, parse_answer
from next_mm.captioning.checker import check_caption
from next_mm.captioning.merge import complement_modalities, merge_models
from next_mm.captioning.observations import Observation
from next_mm.captioning.schema import Attribute, Schema, load_schema
from next_mm.captioning.settings import CaptionSettings, ModelSettings, parse_settings
from next_mm.captioning.store import Store
from next_mm.captioning.template import compose_caption

__all__ = [
    'Attribute',
    'CaptionSettings',
    'ModelSettings',
    'Observation',
    'ParsedAnswer',
    'Schema',
    'Store',
    'check_caption',
    'complement_modalities',
    'compose_caption',
    'load_schema',
    'merge_models',
    'parse_answer',
    'parse_settings',
]
