"""Losses of an identity branch; each names the view of the feature that it reads (``on``)."""

from next_mm.models.losses.cross_entropy import CrossEntropy
from next_mm.models.losses.triplet import TripletLoss

__all__ = ['CrossEntropy', 'TripletLoss']
