"""CLIP's byte pair encoding without torch, which open_clip's own tokenizer loads; the
vocabulary file is open_clip's."""

from __future__ import annotations

import gzip
import heapq
import html
import importlib.util
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import ftfy
import regex

from next_mm.errors import ConfigError

__all__ = ['CONTEXT_LENGTH', 'END_OF_TEXT', 'START_OF_TEXT', 'count_tokens', 'encode_text', 'is_plain', 'warm_up']

CONTEXT_LENGTH = 77
"""Tokens that CLIP reads of a text, its start and end mark among them."""

START_OF_TEXT, END_OF_TEXT = 49406, 49407
"""Ids of the marks around a text; the end mark has the highest id of all."""

_SPECIAL = {'<start_of_text>': START_OF_TEXT, '<end_of_text>': END_OF_TEXT}
_WORD = regex.compile(
    r"<start_of_text>|<end_of_text>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+", regex.IGNORECASE
)
_MERGES = slice(1, 49152 - 256 - 2 + 1)
"""Lines of the vocabulary file that CLIP uses; the first is a comment."""


class _Vocabulary(NamedTuple):
    letters: list[str]
    ids: dict[str, int]
    ranks: dict[tuple[str, str], int]


def encode_text(text: str) -> tuple[int, ...]:
    """Encode a text as ``open_clip.SimpleTokenizer.encode`` does: repair it, lower its case, split it into words.

    Args:
        text: any text, of any length.

    Returns:
        Token ids, without start and end mark.
    """
    if not is_plain(text):
        text = ' '.join(html.unescape(html.unescape(ftfy.fix_text(text))).split())
    return tuple(token for word in _WORD.findall(text.lower()) for token in _encode_word(word))


@lru_cache(maxsize=65536)
def count_tokens(text: str) -> int:
    """Count the tokens of a text, without start and end mark."""
    return len(encode_text(text))


def is_plain(text: str) -> bool:
    """Whether a text can be encoded sentence by sentence and word by word.

    Words never span white space, but the repair of broken Unicode and of HTML entities reads the whole text. In
    printable ASCII without "&" it finds nothing to repair.
    """
    return text.isascii() and text.isprintable() and '&' not in text


def warm_up() -> None:
    """Read the vocabulary now, for example before worker processes are forked that would each read their own."""
    _vocabulary()


@lru_cache(maxsize=65536)
def _encode_word(word: str) -> tuple[int, ...]:
    if word in _SPECIAL:
        return (_SPECIAL[word],)
    letters, ids, ranks = _vocabulary()
    pieces = [letters[byte] for byte in word.encode('utf-8')]
    pieces[-1] += '</w>'
    return tuple(ids[piece] for piece in _merge_pairs(pieces, ranks))


def _merge_pairs(pieces: list[str], ranks: dict[tuple[str, str], int]) -> list[str]:
    """Merge neighbours, the most frequent pair first and all its occurrences from left to
    right, until no known pair is left.

    A heap of candidates and links between neighbours: n log n steps, also for the word of 100 000 letters that a
    language model may write.
    """
    kept: list[str | None] = list(pieces)
    after = list(range(1, len(pieces) + 1))
    before = list(range(-1, len(pieces) - 1))
    heap: list[tuple[int, int, str, str]] = []

    def propose(left: int) -> None:
        right = after[left] if left >= 0 else len(kept)
        if right < len(kept):
            first, second = kept[left] or '', kept[right] or ''
            if (first, second) in ranks:
                heapq.heappush(heap, (ranks[first, second], left, first, second))

    for position in range(len(pieces) - 1):
        propose(position)
    while heap:
        rank = heap[0][0]
        merged: list[int] = []
        while heap and heap[0][0] == rank:
            _, left, first, second = heapq.heappop(heap)
            right = after[left]
            if right == len(kept) or kept[left] != first or kept[right] != second:
                continue  # a candidate that an earlier merge has used up
            kept[left], kept[right] = first + second, None
            after[left] = after[right]
            if after[right] < len(kept):
                before[after[right]] = left
            merged.append(left)
        for left in merged:
            propose(before[left])
            propose(left)
    return [piece for piece in kept if piece is not None]


@lru_cache(maxsize=1)
def _vocabulary() -> _Vocabulary:
    package = importlib.util.find_spec('open_clip')  # finds the package, imports nothing
    if package is None or not package.submodule_search_locations:
        raise ConfigError("CLIP's vocabulary comes with open_clip, which is not installed: pip install open_clip_torch")
    path = Path(package.submodule_search_locations[0]) / 'bpe_simple_vocab_16e6.txt.gz'
    lines = gzip.decompress(path.read_bytes()).decode('utf-8').split('\n')[_MERGES]
    pairs: list[tuple[str, str]] = []
    for line in lines:
        first, second = line.split()
        pairs.append((first, second))
    letters = _byte_letters()
    names = [*letters.values(), *(letter + '</w>' for letter in letters.values()), *map(''.join, pairs)]
    return _Vocabulary(
        [letters[byte] for byte in range(256)],
        {name: number for number, name in enumerate(names)},
        {pair: rank for rank, pair in enumerate(pairs)},
    )


def _byte_letters() -> dict[int, str]:
    """The letter that stands for each byte in the vocabulary file, in the file's order: bytes that
    print stand for themselves."""
    printing = [*range(ord('!'), ord('~') + 1), *range(ord('¡'), ord('¬') + 1), *range(ord('®'), ord('ÿ') + 1)]
    others = [byte for byte in range(256) if byte not in printing]
    return {byte: chr(byte) for byte in printing} | {byte: chr(256 + number) for number, byte in enumerate(others)}
