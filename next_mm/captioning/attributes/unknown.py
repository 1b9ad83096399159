"""What counts as "unknown": one list, for answers, merging, checking and reporting."""

from __future__ import annotations

import re

_PHRASES = """
unknown, unclear, none, n/a, na, null, nil, not visible, not clear, not available, not applicable, not sure, not
specified, not determinable, not discernible, not identifiable, cannot tell, can't tell, cannot be determined,
cannot determine, could not determine, unable to determine, invisible, indeterminate, indiscernible,
indistinguishable, unidentifiable, unidentified, unidentifiable object, unknowable, undefined, undetermined,
undeterminable, undiscernible, undistinguishable, unspecified, uncertain, unsure, unrecognizable,
unrecognisable, ambiguous, obscured
"""
UNKNOWN_PHRASES: tuple[str, ...] = tuple(' '.join(_PHRASES.split()).split(', '))
"""Whole answers that say nothing about the object. A confident "no" is not among them."""

# Inside a running text only words that cannot mean anything else count; "none" does, as in "He is carrying none".
_IN_TEXT = tuple(
    p
    for p in UNKNOWN_PHRASES
    if p not in ('n/a', 'na', 'null', 'nil', 'not visible', 'invisible', 'obscured', 'not clear')
)
_TEXT_PATTERN = re.compile(
    r'\b(?:' + '|'.join(sorted(map(re.escape, _IN_TEXT), key=len, reverse=True)) + r')\b', re.IGNORECASE
)
_KNOWN = frozenset(UNKNOWN_PHRASES)


def is_unknown(value: str) -> bool:
    """Whether an attribute's value says nothing: empty, dashes, or one of :data:`UNKNOWN_PHRASES`."""
    words = re.sub(r'[\s_]+', ' ', value).strip(' .!?-–—_').casefold()
    return not words or words in _KNOWN


def unknown_words(text: str) -> list[str]:
    """The words of a caption that admit not knowing, in their order, lower case."""
    return [match.group().casefold() for match in _TEXT_PATTERN.finditer(text)]
