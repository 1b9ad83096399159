"""Losses."""

from next_mm.models.losses.triplet import TripletLoss

__all__ = ['TripletLoss']
