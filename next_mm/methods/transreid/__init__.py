"""TransReID (He et al., ICCV 2021)."""

from next_mm.methods.transreid.model import TransReID
from next_mm.methods.transreid.network import TransReIDNetwork

__all__ = ['TransReID', 'TransReIDNetwork']
