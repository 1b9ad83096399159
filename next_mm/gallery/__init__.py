"""A gallery that grows: add, search, decide, delete."""

from next_mm.gallery.base import Gallery
from next_mm.gallery.records import Comparison, Entry, Filters, Hit

__all__ = ['Comparison', 'Entry', 'Filters', 'Gallery', 'Hit']
