"""CCNet."""

from next_mm.methods.ccnet.model import CCNetReID
from next_mm.methods.ccnet.network import CCNetwork

__all__ = ['CCNetReID', 'CCNetwork']
