"""EDITOR (Zhang et al., CVPR 2024)."""

from next_mm.methods.editor.model import EDITORReID

__all__ = ['EDITORReID']
