"""Caption files: read them, split a caption into sentences, degrade it for Table V."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

from next_mm.errors import DataError

_SENTENCE_END = re.compile(r'(?<=[.!?。！？])\s+')
_NO_END = re.compile(r'(?:^|[\s(])(?:e\.g|i\.e|etc|approx|no|vs|st|mr|mrs|ms|dr)\.$', re.IGNORECASE)
_WORD = re.compile(r'[^\W_]+(?:[-\'’][^\W_]+)*')

NOISE_WORDS: tuple[str, ...] = (
    'algebra',
    'anchor',
    'autumn',
    'ballad',
    'basin',
    'biscuit',
    'cactus',
    'canyon',
    'carbon',
    'chapter',
    'cinema',
    'comet',
    'copper',
    'coral',
    'cotton',
    'cricket',
    'debate',
    'delta',
    'dialect',
    'eclipse',
    'ember',
    'enzyme',
    'fable',
    'falcon',
    'fossil',
    'galaxy',
    'garlic',
    'glacier',
    'harbor',
    'harvest',
    'hymn',
    'inlet',
    'ivory',
    'jungle',
    'kernel',
    'lagoon',
    'lantern',
    'ledger',
    'lemon',
    'magnet',
    'meadow',
    'melody',
    'mineral',
    'monsoon',
    'nectar',
    'novel',
    'oasis',
    'opera',
    'orbit',
    'oxygen',
    'parade',
    'pebble',
    'pepper',
    'planet',
    'poem',
    'prairie',
    'quartz',
    'quiver',
    'recipe',
    'river',
    'saddle',
    'salmon',
    'sonnet',
    'spiral',
    'sugar',
    'temple',
    'theorem',
    'tundra',
    'tulip',
    'valley',
    'velvet',
    'violin',
    'voyage',
    'walnut',
    'willow',
    'wizard',
    'zenith',
)
"""Words that say nothing about a person or a vehicle."""


class Captions(dict[str, str]):
    """Picture name to caption, and what was wrong with the file that they came from.

    Attributes:
        duplicates: names that came more than once; the first caption is kept.
        malformed: one line for each entry that was left out, saying why.
    """

    def __init__(self) -> None:
        super().__init__()
        self.duplicates: list[str] = []
        self.malformed: list[str] = []


def read_captions(path: str | Path) -> Captions:
    """Read one caption file: a JSON list of ``{"item": picture name, "description": caption}``.

    Entries that cannot be used are listed in the result, not dropped without a word.

    Args:
        path: the file, such as ``data/RGBNT201/text/train_RGB.json``.

    Returns:
        Caption of each picture name.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: the file is not UTF-8 JSON, or not a list.
    """
    try:
        entries = json.loads(Path(path).read_text(encoding='utf-8'))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(
            f'{path}: not a readable JSON file ({error}); expected a list of '
            '{"item": picture name, "description": caption}'
        ) from error
    if not isinstance(entries, list):
        raise DataError(
            f'{path}: expected a list of {{"item": picture name, "description": caption}}, '
            f'got a {type(entries).__name__}'
        )
    captions = Captions()
    for number, entry in enumerate(entries):
        problem = _entry_problem(entry)
        if problem:
            captions.malformed.append(f'entry {number}: {problem}')
        elif entry['item'] in captions:
            captions.duplicates.append(entry['item'])
        else:
            captions[entry['item']] = entry['description'].strip()
    return captions


def _entry_problem(entry: object) -> str | None:
    if not isinstance(entry, dict):
        return f'expected an object, got a {type(entry).__name__}'
    for key in ('item', 'description'):
        if not isinstance(entry.get(key), str):
            return f'"{key}" should be a text, got {entry.get(key)!r}'
        if not entry[key].strip():
            return f'"{key}" is empty' + (f' ({entry["item"]})' if key == 'description' else '')
    return None


def split_sentences(text: str) -> tuple[str, ...]:
    """Split a caption into sentences, for Eq. 4; joined with blanks they give the caption back, its white space made single blanks.

    Args:
        text: a caption.

    Returns:
        Its sentences with their punctuation; nothing for a blank text.
    """
    sentences: list[str] = []
    for piece in _SENTENCE_END.split(' '.join(text.split())):
        if sentences and _NO_END.search(sentences[-1]):
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
