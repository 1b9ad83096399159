"""The torch-free tokenizer against open_clip's own."""

from __future__ import annotations

import subprocess
import sys
import time
from random import Random

import open_clip
import pytest

from next_mm.captions.tokenizer import CONTEXT_LENGTH, END_OF_TEXT, START_OF_TEXT, count_tokens, encode_text, is_plain

TOKENIZER = open_clip.SimpleTokenizer()
ODD = [
    '&amp;amp;',
    '&lt;',
    '<end_of_text>',
    "she'll",
    "'S",
    'Ã©',
    '’',
    '😀',
    '中文',
    ' \n',
    'ÄÖ',
    '007',
    'banana bandana',
]


def test_constants_are_open_clips() -> None:
    assert (TOKENIZER.sot_token_id, TOKENIZER.eot_token_id) == (START_OF_TEXT, END_OF_TEXT)
    assert TOKENIZER.context_length == CONTEXT_LENGTH


@pytest.mark.parametrize('share', [0.0, 0.3])
def test_ids_are_open_clips(share: float) -> None:
    random = Random(0)
    odd = [*ODD, *map(chr, range(1, 0x600))]
    for _ in range(2000):
        pieces = (
            random.choice(odd if random.random() < share else 'etaoins hrdlu') for _ in range(random.randrange(40))
        )
        text = ''.join(pieces)
        assert list(encode_text(text)) == TOKENIZER.encode(text), repr(text)


def test_long_words_are_open_clips() -> None:
    random = Random(1)
    for letters in ('ab', 'aaab', 'thelongword', '!?.', 'état'):
        for length in (1, 2, 3, 10, 60, 200):
            word = ''.join(random.choice(letters) for _ in range(length))
            assert list(encode_text(word)) == TOKENIZER.encode(word), word
    assert list(encode_text('a' * 301)) == TOKENIZER.encode('a' * 301)


def test_plain_texts_join_word_by_word() -> None:
    first, second = 'A man in a red coat.', "He carries the dog's bag (07)."
    assert is_plain(first) and is_plain(second)
    assert encode_text(first) + encode_text(second) == encode_text(f'{first} {second}')
    assert not any(map(is_plain, ('a & b', 'a\nb', 'café')))


def test_count() -> None:
    assert count_tokens('') == 0
    assert count_tokens('a photo of a dog') == 5


def test_a_word_of_100_000_letters_takes_seconds_not_hours() -> None:
    start = time.perf_counter()
    assert count_tokens('ab' * 50_000) > 1000
    assert count_tokens('!' * 100_000) > 1000
    assert time.perf_counter() - start < 10  # about a second; a step for every pair of letters would take an hour


def test_lone_surrogates_are_told_as_unknown_letters() -> None:
    assert encode_text('a \ud800 b') == encode_text('a \ufffd b')


def test_no_torch_is_loaded() -> None:
    code = "import sys; import next_mm.captions.tokenizer as t; t.count_tokens('a'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, '-c', code], check=True)
