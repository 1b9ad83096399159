"""Split a caption into sentences, degrade it for Table V."""

from __future__ import annotations

import random
import re

__all__ = ['NOISE_WORDS', 'degrade_caption', 'split_sentences']

_SENTENCE_END = re.compile(r'(?<=[.!?。！？])\s+')
_NO_END = re.compile(
    r'(?:^|[\s(])(?:e\.g|i\.e|etc|approx|no|vs|st|mr|mrs|ms|dr)\.$', re.IGNORECASE
)  # at most eight characters
_WORD = re.compile(r'[^\W_]+(?:[-\'’][^\W_]+)*')

_NOISE = """
algebra anchor autumn ballad basin biscuit cactus canyon carbon chapter cinema comet copper coral
cotton cricket debate delta dialect eclipse ember enzyme fable falcon fossil galaxy garlic glacier
harbor harvest hymn inlet ivory jungle kernel lagoon lantern ledger lemon magnet meadow melody
mineral monsoon nectar novel oasis opera orbit oxygen parade pebble pepper planet poem prairie
quartz quiver recipe river saddle salmon sonnet spiral sugar temple theorem tundra tulip valley
velvet violin voyage walnut willow wizard zenith
"""
NOISE_WORDS: tuple[str, ...] = tuple(_NOISE.split())
"""Words that say nothing about a person or a vehicle."""


def split_sentences(text: str) -> tuple[str, ...]:
    """Split a caption into sentences, for Eq. 4; joined with blanks they give the caption back, its
    white space made single blanks.

    Args:
        text: a caption.

    Returns:
        Its sentences with their punctuation; nothing for a blank text.
    """
    sentences: list[str] = []
    for piece in _SENTENCE_END.split(' '.join(text.split())):
        if sentences and _NO_END.search(sentences[-1][-8:]):
            sentences[-1] += ' ' + piece
        elif piece:
            sentences.append(piece)
    return tuple(sentences)


def degrade_caption(text: str, quality: float, seed: str) -> str:
    """Replace words by noise words, punctuation left where it is (Table V, caption quality).

    Args:
        text: a caption.
        quality: share of its words that stay, 0 to 1; ``round((1 - quality) * words)`` are replaced.
        seed: equal seeds and texts give equal results.
    """
    words = list(_WORD.finditer(text))
    generator = random.Random(seed)
    replaced = sorted(generator.sample(range(len(words)), round((1 - quality) * len(words))), reverse=True)
    for index in replaced:
        word = words[index]
        text = text[: word.start()] + generator.choice(NOISE_WORDS) + text[word.end() :]
    return text
