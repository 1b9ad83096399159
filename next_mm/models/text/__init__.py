"""Text encoders: CLIP's frozen tower with a memory, and features made ahead without any tower."""

from next_mm.models.text.cached_text import CachedText
from next_mm.models.text.clip_text import CLIPText

__all__ = ['CLIPText', 'CachedText']
