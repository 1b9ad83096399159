"""IEEE."""

from next_mm.methods.ieee.model import IEEEReID

__all__ = ['IEEEReID']
