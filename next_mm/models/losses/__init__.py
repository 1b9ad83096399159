"""Losses of an identity branch; each names the view of the feature that it reads (``on``)."""

from next_mm.models.losses.build import build_loss
from next_mm.models.losses.center import CenterLoss
from next_mm.models.losses.cross_entropy import CrossEntropy
from next_mm.models.losses.triplet import TripletLoss

__all__ = ['CenterLoss', 'CrossEntropy', 'TripletLoss', 'build_loss']
