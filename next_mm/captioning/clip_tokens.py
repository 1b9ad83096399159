"""Count CLIP's tokens without torch, which open_clip's tokenizer would load: byte pair encoding over its vocabulary file."""

from __future__ import annotations

import gzip
import html
import importlib.util
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import ftfy
import regex

_WORD = regex.compile(
    r"<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+", regex.IGNORECASE
)
_SPECIAL = ('<start_of_text>', '<end_of_text>')
_MERGES = slice(1, 49152 - 256 - 2 + 1)
"""Lines of the vocabulary file that CLIP uses; the first is a comment."""


@lru_cache(maxsize=65536)
def count_clip_tokens(text: str) -> int:
    """CLIP tokens of ``text``, as many as open_clip's tokenizer gives, without start and end of text."""
    text = html.unescape(html.unescape(ftfy.fix_text(text)))
    return sum(_count_word(word) for word in _WORD.findall(' '.join(text.split()).lower()))


@lru_cache(maxsize=65536)
def _count_word(word: str) -> int:
    if word in _SPECIAL:
        return 1
    letters = _byte_letters()
    ranks = _merge_ranks()
    pieces = [letters[byte] for byte in word.encode('utf-8')]
    pieces[-1] += '</w>'
    while len(pieces) > 1:
        first, second = min(pairwise(pieces), key=lambda pair: ranks.get(pair, len(ranks)))
        if (first, second) not in ranks:
            break
        pieces = _merge(pieces, first, second)
    return len(pieces)


def _merge(pieces: list[str], first: str, second: str) -> list[str]:
    """Join every ``first`` with a ``second`` right behind it, from left to right."""
    merged: list[str] = []
    position = 0
    while position < len(pieces):
        joined = pieces[position : position + 2] == [first, second]
        merged.append(first + second if joined else pieces[position])
        position += 2 if joined else 1
    return merged


@lru_cache(maxsize=1)
def _byte_letters() -> list[str]:
    """The letter that stands for each byte in the vocabulary file: itself where it prints, else one from U+0100 on."""
    printing = {*range(ord('!'), ord('~') + 1), *range(ord('¡'), ord('¬') + 1), *range(ord('®'), ord('ÿ') + 1)}
    others = iter(range(256, 512))
    return [chr(byte if byte in printing else next(others)) for byte in range(256)]


@lru_cache(maxsize=1)
def _merge_ranks() -> dict[tuple[str, ...], int]:
    """Pairs of pieces that are merged, the most frequent first."""
    package = importlib.util.find_spec('open_clip')  # finds the package, imports nothing
    path = Path(package.submodule_search_locations[0]) / 'bpe_simple_vocab_16e6.txt.gz'
    lines = gzip.decompress(path.read_bytes()).decode('utf-8').split('\n')[_MERGES]
    return {tuple(line.split()): rank for rank, line in enumerate(lines)}
