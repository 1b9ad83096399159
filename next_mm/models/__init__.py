"""The parts that the methods share: the contract, backbones, text encoders, branches, losses."""

from next_mm.models.backbones import CLIPVisual, SideViT, TimmVisual
from next_mm.models.heads import IdentityBranch
from next_mm.models.losses import CrossEntropy, TripletLoss
from next_mm.models.per_modality import PerModalityReID
from next_mm.models.preprocessor import TripletPreprocessor
from next_mm.models.reid_model import ReIDModel
from next_mm.models.text import CachedText, CLIPText

__all__ = [
    'CLIPText',
    'CLIPVisual',
    'CachedText',
    'CrossEntropy',
    'IdentityBranch',
    'PerModalityReID',
    'ReIDModel',
    'SideViT',
    'TimmVisual',
    'TripletLoss',
    'TripletPreprocessor',
]
