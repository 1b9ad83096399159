"""BoT."""

from next_mm.methods.bot.model import BoTReID
from next_mm.methods.bot.network import BoTNetwork

__all__ = ['BoTNetwork', 'BoTReID']
