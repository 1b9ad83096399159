"""Backbones: pictures of a triplet to class and patch tokens."""

from next_mm.models.backbones.base import TripletBackbone, VisualFeatures
from next_mm.models.backbones.clip_vit import CLIPVisual
from next_mm.models.backbones.side_vit import SideViT
from next_mm.models.backbones.timm_vit import TimmVisual

__all__ = ['CLIPVisual', 'SideViT', 'TimmVisual', 'TripletBackbone', 'VisualFeatures']
