"""PromptMA: prompt-based modality alignment for effective multi-modal object re-identification (TIP 2025)."""

from next_mm.methods.promptma.model import PromptMAReID
from next_mm.methods.promptma.tower import ExchangingCLIPVisual

__all__ = ['ExchangingCLIPVisual', 'PromptMAReID']
