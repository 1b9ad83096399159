"""ICPL-ReID: identity-conditional prompt learning for multi-spectral object re-identification (TMM 2025)."""

from next_mm.methods.icpl.model import ICPLReID
from next_mm.methods.icpl.tower import AdapterCLIPVisual

__all__ = ['AdapterCLIPVisual', 'ICPLReID']
