"""The model and its parts: backbones, text encoders, necks (TMSE, CSSE), heads (MGFA), losses."""

from next_mm.models.backbones import CLIPVisual, TimmVisual
from next_mm.models.heads import ClassTokenHead, MGFAHead
from next_mm.models.losses import TripletLoss
from next_mm.models.necks import CSSE, TMSE, MultiGrainedExperts
from next_mm.models.next_reid import NEXTReID
from next_mm.models.preprocessor import TripletPreprocessor
from next_mm.models.text import CachedText, CLIPText

__all__ = [
    'CSSE',
    'TMSE',
    'CLIPText',
    'CLIPVisual',
    'CachedText',
    'ClassTokenHead',
    'MGFAHead',
    'MultiGrainedExperts',
    'NEXTReID',
    'TimmVisual',
    'TripletLoss',
    'TripletPreprocessor',
]
