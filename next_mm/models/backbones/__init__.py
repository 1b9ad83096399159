"""Backbones: pictures of a triplet to class and patch tokens."""

from next_mm.models.backbones.base import VisualFeatures
from next_mm.models.backbones.clip_vit import CLIPVisual
from next_mm.models.backbones.timm_vit import TimmVisual

__all__ = ['CLIPVisual', 'TimmVisual', 'VisualFeatures']
