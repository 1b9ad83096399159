"""OSNet."""

from next_mm.methods.osnet.model import OSNetReID
from next_mm.methods.osnet.network import OSNet

__all__ = ['OSNet', 'OSNetReID']
