"""The methods, a folder each."""

from next_mm.methods import baseline, next

__all__ = ['baseline', 'next']
