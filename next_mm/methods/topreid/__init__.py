"""TOP-ReID (Wang et al., AAAI 2024)."""

from next_mm.methods.topreid.model import TOPReID

__all__ = ['TOPReID']
