"""JSON in what a model writes: bare, in fences, behind thoughts, among words, or cut off.

Nothing here raises on any text, and the time grows with the length of the text alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

__all__ = ['Fields', 'FoundObject', 'find_objects', 'read_json', 'remove_thoughts']

_THOUGHTS = (
    'think(?:ing)?(?:_process)?|thoughts?|reason(?:ing)?|reflection|scratchpad|analysis|(?:inner|internal)_monologue'
)
_TAG = re.compile(
    rf'<(?P<xml>/?)(?:\w{{1,12}}:)?(?:{_THOUGHTS})\s{{0,3}}>'
    rf'|\[(?P<bracket>/?)(?:{_THOUGHTS})\]'
    r'|◁(?P<triangle>/?)think▷'
    r'|<\|(?P<marker>START|END)_THINKING\|>'
    r'|<\|channel\|>(?P<channel>analysis|commentary|final)(?:<\|message\|>)?',
    re.IGNORECASE,
)
"""How models mark what they think before they answer."""

_OBJECT = re.compile(r'\{\s{0,100}(?:\}|"(?:[^"\\]|\\.){0,200}"\s{0,100}:)', re.DOTALL)
"""How an object begins; braces in prose seldom do."""
_KEY = re.compile(r'[\s,]{0,1000}"((?:[^"\\]|\\.){0,200})"\s{0,100}:\s{0,100}')
_MAX_EFFORT = 2_000_000
"""Characters that may be looked at in vain."""
_TOO_DEEP = 20_000
"""What an object that is nested beyond reason counts for."""
_LONGEST_INTEGER = 20
"""Digits; Python itself refuses to read integers of thousands of them."""


class Fields(dict[str, Any]):
    """A JSON object that remembers how many of its keys came more than once; the last value of each counts."""

    repeated = 0


class FoundObject(NamedTuple):
    """A JSON object or list in a text; ``whole`` is false where only its first fields could be read."""

    value: Any
    whole: bool


def _fields(pairs: list[tuple[str, Any]]) -> Fields:
    fields = Fields(pairs)
    fields.repeated = len(pairs) - len(fields)
    return fields


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_fields, parse_int=_integer, strict=False)


def read_json(text: str) -> Any:
    """Read a JSON document: objects as :class:`Fields`, huge integers as floats, line breaks in strings allowed.

    Raises:
        ValueError: it is none, or is nested beyond reason.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError('nested too deep') from None


def remove_thoughts(text: str) -> str:
    """Take out what stands between the tags of thoughts, before one that only closes, and after one that stays open."""
    kept: list[str] = []
    at, thinking = 0, False
    for tag in _TAG.finditer(text):
        if _is_closing(tag):
            if not thinking:
                kept.clear()
            at, thinking = tag.end(), False
        elif not thinking:
            kept.append(text[at : tag.start()])
            thinking = True
    if not thinking:
        kept.append(text[at:])
    return ''.join(kept)


def _is_closing(tag: re.Match[str]) -> bool:
    if tag['marker'] or tag['channel']:
        return (tag['marker'] or '').upper() == 'END' or (tag['channel'] or '').casefold() == 'final'
    return '/' in (tag['xml'], tag['bracket'], tag['triangle'])


def find_objects(text: str) -> list[FoundObject]:
    """Find the outermost JSON objects of a text, in their order; of one that is cut off, the fields that are whole."""
    text = text.strip()
    try:
        value = read_json(text)
    except ValueError:
        return list(_search(text))
    if isinstance(value, str) and '{' in value:  # JSON within a JSON string
        return list(_search(value))
    return [FoundObject(value, True)] if isinstance(value, (dict, list)) else []


def _search(text: str) -> Iterator[FoundObject]:
    at = effort = 0
    while (brace := _OBJECT.search(text, at)) and effort < _MAX_EFFORT:
        start = brace.start()
        try:
            value, at = _DECODER.raw_decode(text, start)
            yield FoundObject(value, True)
            continue
        except json.JSONDecodeError as error:
            effort += 2 * (error.pos - start) + error.pos // 50 + 1  # the error itself counts lines from the beginning
        except RecursionError:
            effort += _TOO_DEEP
        fields, at = _whole_fields(text, start + 1)
        if fields:
            yield FoundObject(fields, False)


def _whole_fields(text: str, start: int) -> tuple[Fields, int]:
    """Read fields from behind a brace on as long as they are whole; returns them and where they end."""
    pairs: list[tuple[str, Any]] = []
    at = start
    while match := _KEY.match(text, at):
        try:
            value, at = _DECODER.raw_decode(text, match.end())
        except (ValueError, RecursionError):
            break
        pairs.append((match[1], value))
    return _fields(pairs), at
