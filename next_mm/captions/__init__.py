"""Captions as files, sentences and CLIP tokens; no torch."""

from next_mm.captions.files import Captions, caption_path, caption_paths, read_captions, write_captions
from next_mm.captions.sentences import degrade_caption, split_sentences

__all__ = [
    'Captions',
    'caption_path',
    'caption_paths',
    'degrade_caption',
    'read_captions',
    'split_sentences',
    'write_captions',
]
