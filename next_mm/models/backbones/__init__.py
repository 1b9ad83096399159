"""Backbones: pictures of a triplet to class and patch tokens; networks and trunks of single pictures."""

from next_mm.models.backbones.base import TripletBackbone, VisualFeatures
from next_mm.models.backbones.clip_vit import CLIPVisual
from next_mm.models.backbones.picture_network import PictureNetwork
from next_mm.models.backbones.resnet import ResNet
from next_mm.models.backbones.side_vit import SideViT
from next_mm.models.backbones.timm_vit import TimmVisual
from next_mm.models.backbones.triplet_trunks import TripletTrunks
from next_mm.models.backbones.trunk_network import TrunkNetwork

__all__ = [
    'CLIPVisual',
    'PictureNetwork',
    'ResNet',
    'SideViT',
    'TimmVisual',
    'TripletBackbone',
    'TripletTrunks',
    'TrunkNetwork',
    'VisualFeatures',
]
