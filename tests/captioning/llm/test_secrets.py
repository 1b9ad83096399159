"""A key is hidden however it is written."""

from __future__ import annotations

import base64
import html
import json
import time
import urllib.parse

import pytest

from next_mm.captioning.llm.secrets import KeyFilter

KEY = 'sk-proj/Ab_12+34=xyz'
FILTER = KeyFilter(KEY)


def escaped(form: str) -> str:
    return ''.join(form.format(ord(letter)) for letter in KEY)


SPELLINGS = [
    KEY,
    KEY.upper(),
    json.dumps(KEY).strip('"').replace('/', r'\/'),
    escaped(r'\u{:04x}'),
    escaped(r'\u{:04X}'),
    escaped(r'\\u{:04x}'),
    escaped(r'\x{:02x}'),
    escaped(r'\u{{{:x}}}'),
    escaped('%{:02X}'),
    escaped('%25{:02x}'),
    escaped('&#{};'),
    escaped('&#x{:x};'),
    escaped('&amp;#{};'),
    html.escape(KEY),
    urllib.parse.quote(KEY, safe=''),
    '\u200b'.join(KEY),
    KEY[:5] + escaped(r'\u{:04x}')[5 * 6 :],
    *(base64.b64encode(b'x' * offset + KEY.encode() + b' and more').decode() for offset in range(3)),
    base64.urlsafe_b64encode(b'Bearer ' + KEY.encode()).decode(),
    KEY.encode().hex(),
]


@pytest.mark.parametrize('written', SPELLINGS, ids=range(len(SPELLINGS)))
def test_no_spelling_of_the_key_comes_through(written: str) -> None:
    hidden = FILTER.hide(f'before {written} after')
    assert '***' in hidden and hidden.startswith('before ') and hidden.endswith(' after')
    assert len(hidden) <= len('before *** after') + 20  # of base 64, what else was in it


@pytest.mark.parametrize('key', [None, 'none', 'EMPTY', 'a', '0'])
def test_words_in_place_of_a_key_are_no_secret(key: str | None) -> None:
    text = 'none of the EMPTY bags is a 0.9'
    assert KeyFilter(key).hide(text) == text


def test_long_texts_take_no_time() -> None:
    start = time.perf_counter()
    for piece in ('s', '\\', '%', '&amp;', r'\u0073', 'sk-proj', '\u200b', 's\u200b', 'sk-proj/Ab_12+34=xy'):
        FILTER.hide(piece * (200_000 // len(piece)))
    assert time.perf_counter() - start < 10
