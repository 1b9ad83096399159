"""Backbones: pictures of a triplet to class and patch tokens."""

from next_mm.models.backbones.clip_visual import CLIPVisual
from next_mm.models.backbones.features import VisualFeatures
from next_mm.models.backbones.timm_visual import TimmVisual

__all__ = ['CLIPVisual', 'TimmVisual', 'VisualFeatures']
