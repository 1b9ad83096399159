"""FACENet (Zheng et al., Information Fusion 2025)."""

from next_mm.methods.facenet.model import FACENetReID

__all__ = ['FACENetReID']
