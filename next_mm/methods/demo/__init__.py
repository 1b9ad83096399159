"""DeMo: decoupled feature-based mixture of experts for multi-modal object re-identification (AAAI 2025)."""

from next_mm.methods.demo.model import DeMoReID

__all__ = ['DeMoReID']
