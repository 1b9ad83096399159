"""Text of strangers (names of files, captions, answers) as it may go to a terminal or into a file."""

from __future__ import annotations

import re
import unicodedata

__all__ = ['cut_middle', 'encodable', 'is_encodable', 'printable']

_SURROGATES = re.compile('[\ud800-\udfff]')
_UNSEEN = ('Cc', 'Cf', 'Cs', 'Zl', 'Zp')
"""Unicode's control characters, marks that turn the direction of a line, halves of a pair, separators of lines."""
_RAW_BYTES = range(0xDC80, 0xDD00)  # how Python keeps the bytes 0x80 to 0xff of a file name that is not UTF-8


def printable(text: str) -> str:
    r"""Escape what a terminal would obey, and what cannot be encoded; line breaks stay.

    A control character becomes ``\x1b``, a byte of a file name that is not UTF-8 ``\xd5``.
    """
    if text.isascii() and text.isprintable():
        return text
    return ''.join(_escape(letter) if unicodedata.category(letter) in _UNSEEN else letter for letter in text)


def _escape(letter: str) -> str:
    if letter == '\n':
        return letter
    if ord(letter) in _RAW_BYTES:
        return f'\\x{ord(letter) - _RAW_BYTES.start + 0x80:02x}'
    return letter.encode('unicode_escape', 'surrogatepass').decode()


def is_encodable(text: str) -> bool:
    """Whether a text can be written as UTF-8: it has no half of a surrogate pair, no byte of an undecodable file
    name.
    """
    return text.isascii() or _SURROGATES.search(text) is None


def encodable(text: str) -> str:
    """Replace halves of a surrogate pair, which neither a file nor a database takes, by U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub('\ufffd', text)


def cut_middle(text: str, longest: int) -> str:
    """Return a text without its middle, where it is longer than ``longest`` characters."""
    half = longest // 2
    return text if len(text) <= longest else f'{text[:half]}\n[...]\n{text[-half:]}'
