"""MLFN."""

from next_mm.methods.mlfn.model import MLFNReID
from next_mm.methods.mlfn.network import MLFN

__all__ = ['MLFN', 'MLFNReID']
