"""The plain baseline of Table IV."""

from next_mm.methods.baseline.model import BaselineReID

__all__ = ['BaselineReID']
