"""HACNN."""

from next_mm.methods.hacnn.model import HACNNReID
from next_mm.methods.hacnn.network import HACNN

__all__ = ['HACNN', 'HACNNReID']
