"""PFNet."""

from next_mm.methods.pfnet.gated_trunk import GatedTrunk
from next_mm.methods.pfnet.model import PFNetReID

__all__ = ['GatedTrunk', 'PFNetReID']
