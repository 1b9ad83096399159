"""HTT (Wang et al., AAAI 2024)."""

from next_mm.methods.htt.model import HTTReID

__all__ = ['HTTReID']
