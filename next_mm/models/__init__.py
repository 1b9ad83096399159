"""The parts that the methods share: backbones, text encoders, heads, losses."""

from next_mm.models.backbones import CLIPVisual, TimmVisual
from next_mm.models.heads import ClassTokenHead
from next_mm.models.losses import TripletLoss
from next_mm.models.preprocessor import TripletPreprocessor
from next_mm.models.text import CachedText, CLIPText

__all__ = [
    'CLIPText',
    'CLIPVisual',
    'CachedText',
    'ClassTokenHead',
    'TimmVisual',
    'TripletLoss',
    'TripletPreprocessor',
]
