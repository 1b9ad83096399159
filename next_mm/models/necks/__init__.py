"""Necks: TMSE and CSSE, the experts between the backbone and the head."""

from next_mm.models.necks.csse import CSSE
from next_mm.models.necks.multi_grained import ExpertFeatures, MultiGrainedExperts
from next_mm.models.necks.tmse import TMSE

__all__ = ['CSSE', 'TMSE', 'ExpertFeatures', 'MultiGrainedExperts']
