"""CAL."""

from next_mm.methods.cal.model import CALReID
from next_mm.methods.cal.network import CALNetwork

__all__ = ['CALNetwork', 'CALReID']
