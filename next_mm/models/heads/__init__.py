"""Heads: MGFA and the plain baseline, with BNNeck, classifier and losses."""

from next_mm.models.heads.identity import ClassTokenHead, IdentityHead
from next_mm.models.heads.mgfa import MGFAHead

__all__ = ['ClassTokenHead', 'IdentityHead', 'MGFAHead']
