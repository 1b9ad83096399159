"""NEXT: text-modulated mixtures of experts (arXiv 2505.20001)."""

from next_mm.methods.next.csse import CSSE
from next_mm.methods.next.expert_load import ExpertLoadHook, ExpertLoadMeter
from next_mm.methods.next.mgfa import MGFAHead
from next_mm.methods.next.model import NEXTReID
from next_mm.methods.next.neck import ExpertFeatures, MultiGrainedExperts
from next_mm.methods.next.tmse import TMSE

__all__ = [
    'CSSE',
    'TMSE',
    'ExpertFeatures',
    'ExpertLoadHook',
    'ExpertLoadMeter',
    'MGFAHead',
    'MultiGrainedExperts',
    'NEXTReID',
]
