"""HAMNet."""

from next_mm.methods.hamnet.model import HAMNetReID

__all__ = ['HAMNetReID']
