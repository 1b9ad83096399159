"""Text of strangers, such as file names, made fit for terminals and logs."""

from __future__ import annotations

__all__ = ['printable']


def printable(text: str) -> str:
    """Return a text with everything escaped that could steer a terminal or cannot be encoded.

    Control characters become ``\\x1b``; a byte that is not UTF-8 in a file name, which Python keeps as a lone surrogate, becomes
    ``\\xd5``. Blanks, line breaks and letters of any script stay.
    """
    if text.isprintable():
        return text
    return ''.join(
        character if character.isprintable() or character == '\n' else _escape(character) for character in text
    )


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # os.fsdecode keeps the byte 0xNN as U+DCNN
        return f'\\x{code - 0xDC00:02x}'
    return character.encode('unicode_escape', 'surrogatepass').decode('ascii')
