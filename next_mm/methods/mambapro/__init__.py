"""MambaPro: multi-modal object re-identification with Mamba aggregation and synergistic prompt (AAAI 2025)."""

from next_mm.methods.mambapro.model import MambaProReID
from next_mm.methods.mambapro.tower import PromptAdapterCLIPVisual

__all__ = ['MambaProReID', 'PromptAdapterCLIPVisual']
