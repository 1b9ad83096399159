"""Licence plates are personal data: found in any text, however they are written, and taken out before it is kept.

Every pattern has bounded repetitions: the time grows with the length of the text alone.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any
from urllib.parse import unquote

__all__ = ['REMOVED', 'find_plates', 'is_plate_key', 'redact', 'redact_value', 'unescape']

REMOVED = '[plate removed]'

_LONGEST_VALUE = 200
_DEEPEST = 5

_PROVINCES = '京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领'
_PLACES = (
    'beijing|tianjin|shanghai|chongqing|hebei|henan|yunnan|liaoning|heilongjiang|hunan|anhui|shandong|xinjiang'
    '|jiangsu|zhejiang|jiangxi|hubei|guangxi|gansu|shanxi|neimenggu|neimeng|inner mongolia|shaanxi|jilin|fujian'
    '|guizhou|guangdong|qinghai|xizang|tibet|sichuan|ningxia|hainan|hong ?kong|maca[uo]'
)
_PINYIN = 'jing|jin|hu|yu|ji|yun|liao|hei|xiang|wan|lu|xin|su|zhe|gan|gui|meng|shan|min|yue|qing|zang|chuan|ning|qiong'
_GAP = r'[\s·\-_:/]'
# A letter for the city, then five or six letters and digits (four before the mark of a trailer or a learner).
_CITY = (
    rf'[A-Z](?:(?:{_GAP}{{0,3}}[A-Z0-9]){{5,6}}?(?![A-Z0-9])|(?:{_GAP}{{0,3}}[A-Z0-9]){{4}}(?![A-Z0-9]))[挂学警港澳]?'
)
_CHINESE = re.compile(rf'[{_PROVINCES}]{_GAP}{{0,3}}{_CITY}', re.IGNORECASE)
_SPELT_OUT = re.compile(
    rf'(?<![A-Z])(?:(?:{_PLACES}){_GAP}{{0,3}}|(?:{_PINYIN})[·\-_:/]{{0,2}})(?P<plate>{_CITY})', re.IGNORECASE
)
_KOREAN = re.compile(r'\d{2,3}\s?[가-힣]\s?\d{4}(?!\d)')
_JAPANESE = re.compile(r'[一-鿿]{1,4}\s{0,2}\d{2,3}\s{0,2}[ぁ-ん]\s{0,2}\d[\d·\-]{0,4}')
# Letters and digits in one to three blocks: "ABC-1234", "AB12 CDE", "7XYZ123", "B MW 4711".
_BLOCKS = re.compile(r'(?<![A-Za-z0-9\-])[A-Z0-9]{1,8}(?:[ ·\-][A-Z0-9]{1,5}){0,3}(?![A-Za-z0-9\-])')
# One word of letters and digits in any case: "abc1234", "ab-12-cde".
_WORD = re.compile(r'(?<![A-Za-z0-9\-])[A-Za-z0-9]{1,9}(?:[·\-][A-Za-z0-9]{1,7}){0,3}(?![A-Za-z0-9\-])')
# Letter by letter: "A B 1 2 C D E".
_SPACED = re.compile(r'(?<![A-Za-z0-9])(?:[A-Z0-9][ ·\-]){4,8}[A-Z0-9](?![A-Za-z0-9])')
# Whatever follows "plate reads", "registration number:", ...
_CONTEXT = re.compile(
    r'(?:plates?|(?<![A-Za-z])(?:registrations?|tags?))(?![A-Za-z])'
    r'(?:\s{1,3}(?:numbers?|no\.?|text|reads?|reading|is|says|with|of)){0,4}'
    r'\s{0,3}[:=]?\s{0,3}["\'“]?([A-Z0-9][A-Z0-9·\-]{0,9}(?: [A-Z0-9·\-]{1,7}){0,2})(?![A-Za-z0-9])',
    re.IGNORECASE,
)
_NO_PLATE = re.compile(
    r'[\d·.\-x×]+(?:[pkmswhv]|inch|px|mm|cm|km|kg|hz|kmh|kph|mph|cc|hp|kw|th|st|nd|rd|am|pm|fps|mp|dpi)?'
    r'|(?:1[89]|20)\d0s'
    r'|\d{1,4}-[a-z]{3,}|\d[·.]\d.*',
    re.IGNORECASE,
)
"""Sizes, speeds, decades, "17-inch", "5.0L"."""

_PLATE_KEY = re.compile(
    r'plate|registration|licen[sc]e|车牌|牌照|号牌|kennzeichen|nummernschild|immatricul|matr[ií]cula|номер|번호판|ナンバー',
    re.IGNORECASE,
)
_FIELD = re.compile(
    r'"(?P<key>[^"\\\n]{1,60})"\s{0,9}:\s{0,9}(?P<open>\{\s{0,9}"value"\s{0,9}:\s{0,9})?'
    r'(?P<value>"(?:[^"\\\n]|\\.){0,200}"|-?[\d.]{1,30})'
)

_ESCAPE = re.compile(
    r'\\{1,4}u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\{1,4}u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})'
    r'|\\{1,4}(?:u(?P<word>[0-9a-fA-F]{4})|x(?P<byte>[0-9a-fA-F]{2}))'
)
_ENTITY = re.compile(r'&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,24});')
_PERCENT = re.compile(r'(?:%[0-9a-fA-F]{2}){1,200}')
_INVISIBLE = re.compile('[\u00ad\u200b-\u200f\u2060\ufeff]')


def _lookalikes() -> dict[int, str]:
    """One letter for one: full width, Cyrillic and Greek capitals, digits of other scripts, dots and dashes."""
    table = {0xFF10 + n: str(n) for n in range(10)} | {0x0660 + n: str(n) for n in range(10)}
    table |= {0x06F0 + n: str(n) for n in range(10)}
    table |= {first + n: chr(ord('A') + n) for first in (0xFF21, 0xFF41) for n in range(26)}
    table |= dict(zip(map(ord, 'АВЕКМНОРСТУХавекмнорстух'), 'ABEKMHOPCTYXABEKMHOPCTYX'))
    table |= dict(zip(map(ord, 'ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ'), 'ABEZHIKMNOPTYX'))
    return table | dict.fromkeys(map(ord, '•∙‧・･●⋅.'), '·') | dict.fromkeys(map(ord, '‐‑‒–—―−－~～'), '-')


_LOOKALIKES = _lookalikes()


def unescape(text: str) -> str:
    r"""Read what is written as ``\u4eac``, ``&#20140;`` or ``%E4%BA%AC``, and drop letters that do not show.

    What would be a control character stays as it is written.
    """
    text = _ESCAPE.sub(_unescaped, text)
    text = _ENTITY.sub(lambda match: _if_printable(html.unescape(match[0]), match[0]), text)
    text = _PERCENT.sub(lambda match: _if_printable(unquote(match[0], errors='replace'), match[0]), text)
    return _INVISIBLE.sub('', text)


def _unescaped(match: re.Match[str]) -> str:
    if match['high']:
        return chr(0x10000 + (int(match['high'], 16) - 0xD800) * 0x400 + int(match['low'], 16) - 0xDC00)
    return _if_printable(chr(int(match['word'] or match['byte'], 16)), match[0])


def _if_printable(text: str, otherwise: str) -> str:
    return text if text.isprintable() and '\ufffd' not in text and text not in ('"', '\\') else otherwise


def find_plates(text: str, allowed: Iterable[str] = ()) -> list[str]:
    """Texts that read like the characters on a licence plate.

    Args:
        text: caption or answer.
        allowed: words that may stand beside digits without making a plate, as ``BMW`` in "BMW 320".
    """
    text = unescape(text)
    return list(dict.fromkeys(text[start:end] for start, end in _spans(text, allowed)))


def _spans(text: str, allowed: Iterable[str]) -> list[tuple[int, int]]:
    """Where plates stand in a text, from left to right, without overlaps."""
    folded = text.translate(_LOOKALIKES)
    if not any(map(str.isdigit, folded)):
        return []
    words = {word.upper() for phrase in allowed for word in phrase.split()}
    spans = sorted(_candidates(folded, words))
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _candidates(text: str, allowed: set[str]) -> Iterator[tuple[int, int]]:
    for pattern in (_CHINESE, _SPACED):
        yield from (match.span() for match in pattern.finditer(text) if _digits(match[0]) >= 2)
    for match in _SPELT_OUT.finditer(text):
        words = (block for block in re.split(r'[^A-Za-z0-9]+', match['plate']) if block.isalpha() and block.islower())
        if _digits(match[0]) >= 2 and all(len(word) == 1 for word in words):
            yield match.span()
    for pattern in (_KOREAN, _JAPANESE):
        yield from (match.span() for match in pattern.finditer(text))
    yield from (match.span() for match in _BLOCKS.finditer(text) if _like_a_plate(match[0], allowed))
    for match in _WORD.finditer(text):
        if _like_a_plate(match[0], allowed, most_letters=4 if match[0].isalnum() else 5):
            yield match.span()
    for match in _CONTEXT.finditer(text):
        end = _end_of_plate(match[1])
        if end:
            yield match.start(1), match.start(1) + end


def _digits(text: str) -> int:
    return sum(letter.isdigit() for letter in text)


def _like_a_plate(text: str, allowed: set[str], most_letters: int = 8) -> bool:
    if _NO_PLATE.fullmatch(text):
        return False
    joined = ''.join(_without(block, allowed) for block in re.split(r'[ ·\-]', text))
    digits = _digits(joined)
    return 5 <= len(joined) <= 10 and digits >= 2 and 1 <= len(joined) - digits <= most_letters


def _without(block: str, allowed: set[str]) -> str:
    """A block of letters and digits without a name that stands before the digits."""
    block = block.upper()
    for length in range(len(block), 0, -1):
        if block[:length] in allowed and (length == len(block) or block[length].isdigit()):
            return block[length:]
    return block


def _end_of_plate(text: str) -> int:
    """Length of what reads like a plate behind a word that announces one; 0 where nothing does."""
    end = 0
    for block in re.finditer(r'[^ ]+', text):
        if block[0].isalpha() and not block[0].isupper() and len(block[0]) > 3:
            break  # the sentence goes on
        end = block.end()
    found = text[:end]
    if _NO_PLATE.fullmatch(found.replace(' ', '')) and not found.replace('-', '').replace(' ', '').isdigit():
        return 0
    letters = sum(map(str.isalnum, found))
    enough = _digits(found) >= 1 if found == found.upper() else _digits(found) >= 2 and letters >= 4
    return end if enough and letters >= 3 else 0


def is_plate_key(key: str) -> bool:
    """Whether the name of a field says that it holds a plate's text."""
    return _PLATE_KEY.search(unescape(key)) is not None


def redact(text: str, allowed: Iterable[str] = (), keep_keys: Collection[str] = ()) -> tuple[str, int]:
    """Take plates out of a text: values of fields named after plates, and whatever reads like one.

    Args:
        text: an answer or a caption, of any form.
        allowed: as in :func:`find_plates`.
        keep_keys: fields that the schema defines itself ("is a plate to be seen?"); their harmless values stay.

    Returns:
        The text, its escapes read, and how many places were replaced.
    """
    count = 0

    def blank(match: re.Match[str]) -> str:
        nonlocal count
        if match['key'] in keep_keys or not _PLATE_KEY.search(match['key']):
            return match[0]
        count += 1
        return f'"{match["key"]}": {match["open"] or ""}"{REMOVED}"'

    text = _FIELD.sub(blank, unescape(text))
    spans = _spans(text, allowed)
    plates = sorted({text[start:end] for start, end in spans if end - start > 3}, key=len, reverse=True)
    ends = [0, *(end for _, end in spans)]
    starts = [*(start for start, _ in spans), len(text)]
    text = REMOVED.join(text[end:start] for end, start in zip(ends, starts))
    for plate in plates[:20]:  # the same once more, where nothing announces it
        count += text.count(plate)
        text = text.replace(plate, REMOVED)
    return text, count + len(spans)


def redact_value(value: Any, allowed: Iterable[str] = (), depth: int = 0) -> tuple[Any, int]:
    """Take plates out of a JSON value: out of every text in it, and whole where a field is named after plates.

    Args:
        value: as read from JSON.
        allowed: as in :func:`find_plates`.
        depth: how deep in an answer it stands; what is nested beyond reason is dropped.

    Returns:
        The value, its texts cut to a sane length, and how many places were replaced.
    """
    if isinstance(value, str):
        return redact(value[:_LONGEST_VALUE], allowed)
    if isinstance(value, (dict, list)) and depth >= _DEEPEST:
        return None, 0
    if isinstance(value, list):
        items = [redact_value(item, allowed, depth + 1) for item in value[:100]]
        return [item for item, _ in items], sum(count for _, count in items)
    if not isinstance(value, dict):
        return value, 0
    kept: dict[str, Any] = {}
    total = 0
    for key, item in list(value.items())[:100]:
        clean, count = (REMOVED, 1) if is_plate_key(key) else redact_value(item, allowed, depth + 1)
        kept[redact(key[:_LONGEST_VALUE], allowed)[0]] = clean
        total += count
    return kept, total
