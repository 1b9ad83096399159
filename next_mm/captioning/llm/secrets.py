"""A key in what a server sends back, however it is written there."""

from __future__ import annotations

import base64
import re

__all__ = ['KeyFilter']

_HIDDEN = '***'
_SHORTEST = 8
"""Characters; a shorter "key" is one of the words that local servers take, such as ``none``, and no secret."""
_INVISIBLE = '[\u00ad\u200b-\u200f\u2060\ufeff]{0,3}'


class KeyFilter:
    """Takes a key out of texts: plain, in capitals, escaped as in JSON, HTML or a URL, in base 64 or hexadecimal.

    Args:
        key: the key, or ``None`` where there is none.
    """

    def __init__(self, key: str | None) -> None:
        self._pattern = _pattern(key) if key is not None and len(key) >= _SHORTEST else None

    def hide(self, text: str) -> str:
        """Put stars in the key's place."""
        return text if self._pattern is None else self._pattern.sub(_HIDDEN, text)


def _pattern(key: str) -> re.Pattern[str]:
    spelt = _INVISIBLE.join(map(_letter, key))
    coded = [re.escape(core) for core in _base64_cores(key.encode())]
    return re.compile('|'.join([spelt, *coded, key.encode().hex()]), re.IGNORECASE)


def _letter(letter: str) -> str:
    """Every way in which a letter may be written; all repetitions are bounded."""
    code = ord(letter)
    escapes = [f'u{code:04x}', rf'u\{{0{{0,6}}{code:x}\}}', f'x{code:02x}', f'{code:03o}']
    if not letter.isalnum():
        escapes.append(re.escape(letter))
    return (
        rf'(?:{re.escape(letter)}|\\{{1,8}}(?:{"|".join(escapes)})|%(?:25){{0,4}}{code:02x}'
        rf'|&(?:amp;){{0,4}}#(?:0{{0,6}}{code}|x0{{0,6}}{code:x});?)'
    )


def _base64_cores(key: bytes) -> set[str]:
    """What base 64 of any text with the key in it must hold, by where the key begins in a group of three bytes."""
    cores = set()
    for offset in range(3):
        encoded = base64.b64encode(b'\0' * offset + key).decode().rstrip('=')
        first = (0, 2, 3)[offset]
        last = len(encoded) - (1 if (offset + len(key)) % 3 else 0)
        cores |= {encoded[first:last], encoded[first:last].translate(str.maketrans('+/', '-_'))}
    return cores
