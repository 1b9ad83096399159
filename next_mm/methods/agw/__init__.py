"""AGW."""

from next_mm.methods.agw.loss import WeightedTripletLoss
from next_mm.methods.agw.model import AGWReID
from next_mm.methods.agw.network import AGWNetwork

__all__ = ['AGWNetwork', 'AGWReID', 'WeightedTripletLoss']
