"""Licence plates are personal data: found in any text, whoever wrote it, and taken out before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable

REMOVED = '[plate removed]'

_PROVINCES = '京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领'
_CHINESE = re.compile(rf'[{_PROVINCES}]\s*[A-Z][\s·.\-]*[A-Z0-9][A-Z0-9\s·.\-]{{2,6}}[A-Z0-9挂学警港澳]')
# Letters and digits in one to three blocks: "ABC-1234", "AB12 CDE", "7XYZ123", "B MW 4711".
_BLOCKS = re.compile(r'(?<![\w-])[A-Z0-9]{1,8}(?:[ ·.\-][A-Z0-9]{1,5}){0,2}(?![\w-])')
# Whatever follows "plate reads", "registration number:", ...
_CONTEXT = re.compile(
    r'((?:plate|registration|tag)(?:\s+(?:number|no\.?|text|reads?|reading|is|says|with|of))*\s*[:=]?\s*["\'“]?)'
    r'((?=[\w·\- ]*\d)[A-Z0-9][A-Z0-9·\-]*(?: [A-Z0-9·\-]+){0,2})'
)
_PLATE_KEY = re.compile(
    r'"(?P<key>[^"\n]*(?:plate|registration|licen[sc]e)[^"\n]*)"\s*:\s*(?P<open>\{\s*"value"\s*:\s*)?(?P<value>"(?:[^"\\\n]|\\.)*"|-?[\d.]+)',
    re.IGNORECASE,
)


def find_plates(text: str, allowed: Iterable[str] = ()) -> list[str]:
    """Texts that read like the characters on a licence plate.

    Args:
        text: caption or answer.
        allowed: words in capitals that may stand beside digits without making a plate, as ``BMW`` in "BMW 320".
    """
    words = {word.upper() for phrase in allowed for word in phrase.split()}
    found = [match.group() for match in _CHINESE.finditer(text)]
    found += [match.group(2) for match in _CONTEXT.finditer(text)]
    found += [match.group() for match in _BLOCKS.finditer(text) if _like_a_plate(match.group(), words)]
    return list(dict.fromkeys(found))


def _like_a_plate(text: str, allowed: set[str]) -> bool:
    joined = ''.join(block for block in re.split(r'[ ·.\-]', text) if block not in allowed)
    digits = sum(character.isdigit() for character in joined)
    return 5 <= len(joined) <= 9 and digits >= 2 and len(joined) > digits


def redact(text: str, allowed: Iterable[str] = (), keep_keys: Iterable[str] = ()) -> tuple[str, int]:
    """Take plates out of an answer: values of fields named after plates, and whatever reads like one.

    Args:
        text: the answer as it came.
        allowed: as in :func:`find_plates`.
        keep_keys: fields that the schema defines itself ("is a plate to be seen?"); their harmless values stay.

    Returns:
        The text, and how many places were replaced.
    """
    kept = set(keep_keys)
    count = 0

    def blank(match: re.Match) -> str:
        nonlocal count
        if match['key'] in kept:
            return match.group()
        count += 1
        return f'"{match["key"]}": {match["open"] or ""}"{REMOVED}"'

    text = _PLATE_KEY.sub(blank, text)
    for plate in sorted(find_plates(text, allowed), key=len, reverse=True):
        count += text.count(plate)
        text = text.replace(plate, REMOVED)
    return text, count
