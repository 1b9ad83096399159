"""Which pictures belong together, by their names."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable

from next_mm.triplet import MODALITIES, MODALITY_TABLE

__all__ = ['is_plain_name', 'modalities_in', 'name_key']

_SEPARATORS = '-_. '
_WORDS = {
    modality.key: re.compile(
        rf'(?:^|[{_SEPARATORS}])(?:{"|".join(map(re.escape, modality.names))})(?=$|[{_SEPARATORS}])', re.IGNORECASE
    )
    for modality in MODALITY_TABLE
}
"""A modality's name as a word of its own in the name of a file, such as that of ``0_nir.jpg``."""


def name_key(name: str, modalities: Iterable[str] = MODALITIES) -> str:
    """Return what the names of the pictures of one triplet have in common.

    That is the name without its suffix, its letters' case, the way in which accents are encoded, and a modality's name
    in it.

    Args:
        name: file name, with folders or without.
        modalities: whose names count as the modality's.
    """
    folder, base = os.path.split(name.replace('\\', '/'))
    stem = os.path.splitext(base)[0]
    for modality in modalities:
        stem, removed = _WORDS[modality].subn('', stem, count=1)
        if removed:
            stem = stem.strip(_SEPARATORS)
            break
    return unicodedata.normalize('NFC', os.path.join(folder, stem)).casefold()


def modalities_in(name: str) -> list[str]:
    """Return the modalities whose names stand as words in the name of a file."""
    stem = os.path.splitext(os.path.basename(name))[0]
    return [modality for modality, word in _WORDS.items() if word.search(stem)]


def is_plain_name(name: str) -> bool:
    """Whether a name that someone else wrote names a file in a folder, and nothing outside it.

    Args:
        name: such as the ``item`` of a caption.
    """
    return name not in ('', '.', '..') and not any(character in name for character in '/\\\0')
