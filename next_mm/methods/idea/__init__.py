"""IDEA: inverted text with cooperative deformable aggregation for multi-modal object re-identification (CVPR 2025)."""

from next_mm.methods.idea.model import IDEAReID
from next_mm.methods.idea.towers import InvertedCLIPVisual

__all__ = ['IDEAReID', 'InvertedCLIPVisual']
