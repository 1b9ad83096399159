"""Reliable captions (Sec. IV of the paper): attributes with confidence, merged, complemented, composed.

Nothing here loads torch: a run over 100,000 pictures takes little memory.
"""

from .answers import ParsedAnswer, parse_answer
from .checker import check_caption
from .merge import complement_modalities, merge_models
from .observations import Observation
from .schema import Attribute, Schema, load_schema
from .settings import CaptionSettings, ModelSettings, parse_settings
from .store import Store
from .template import compose_caption

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
