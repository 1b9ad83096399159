"""Heads: BNNeck, classifier and losses over an identity feature."""

from next_mm.models.heads.branch import IdentityBranch
from next_mm.models.heads.gather import gather_batch

__all__ = ['IdentityBranch', 'gather_batch']
