"""What is wrong with caption files, whoever made them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from next_mm.captioning.attributes.plates import find_plates
from next_mm.captioning.attributes.schema import Schema
from next_mm.captioning.attributes.unknown import unknown_words
from next_mm.captioning.console import print_table, say
from next_mm.captioning.listing import list_pictures
from next_mm.captioning.settings import CaptionSettings
from next_mm.captions import read_captions, split_sentences
from next_mm.captions.files import FILE_NAMES
from next_mm.captions.tokenizer import CONTEXT_LENGTH, count_tokens
from next_mm.errors import DataError

_FOREIGN = re.compile(r'[^\x00-\u024f\u2000-\u206f\u20ac\u2122\ufeff]')  # beyond Latin letters, signs and punctuation

KINDS = {
    'licence plate': 'a text that reads like a licence plate (personal data)',
    'overflow': f'more than {CONTEXT_LENGTH} CLIP tokens: the end is not read',
    'unknown': 'words for "unknown"',
    'non-Latin': 'letters of another script, which CLIP does not know',
    'duplicate': 'the same picture twice in a file; the first caption counts',
    'malformed': 'entries that cannot be used',
    'partial triplet': 'a caption in one modality and none in another',
    'missing': 'pictures of the dataset without a caption',
    'extra': 'captions for pictures that the dataset does not have',
}
"""Kinds of findings. Overflow and unknown words are flaws; the others call for a correction."""

HARMLESS = ('overflow', 'unknown')


@dataclass
class Findings:
    """Findings of one file: kind -> items or lines; and the number of captions."""

    captions: int = 0
    items: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, item: str) -> None:
        """Write one down."""
        self.items.setdefault(kind, []).append(item)


def audit_folder(folder: Path, schema: Schema, expected: CaptionSettings | None = None) -> dict[str, Findings]:
    """Look through the caption files of a folder.

    Args:
        schema: names that may stand beside digits without making a licence plate.
        expected: a caption config whose dataset says which pictures there are; ``None`` to leave that out.

    Returns:
        Findings by file name.

    Raises:
        DataError: there are no caption files, or one is not readable.
    """
    findings: dict[str, Findings] = {}
    captions: dict[tuple[str, str], dict[str, str]] = {}
    for split in ('train', 'test'):
        for modality, name in FILE_NAMES.items():
            path = folder / f'{split}_{name}.json'
            if path.is_file():
                findings[path.name], captions[split, modality] = _audit_file(path, schema.plain_words)
    if not findings:
        raise DataError(f'{folder}: no caption files (expected train_RGB.json, train_NI.json, ...)')
    for (split, modality), told in captions.items():
        everything = {item for (s, _), items in captions.items() if s == split for item in items}
        for item in sorted(everything - set(told)):
            findings[f'{split}_{FILE_NAMES[modality]}.json'].add('partial triplet', item)
    if expected is not None:
        _compare(captions, expected, findings)
    return findings


def _audit_file(path: Path, words: Collection[str]) -> tuple[Findings, dict[str, str]]:
    captions = read_captions(path)
    found = Findings(len(captions))
    for item in captions.duplicates:
        found.add('duplicate', item)
    for line in captions.malformed:
        found.add('malformed', line)
    for item, text in captions.items():
        if find_plates(text, words):
            found.add('licence plate', item)  # never the plate itself
        if 2 + sum(map(count_tokens, split_sentences(text))) > CONTEXT_LENGTH:
            found.add('overflow', item)
        if unknown_words(text):
            found.add('unknown', item)
        if _FOREIGN.search(text):
            found.add('non-Latin', item)
    return found, dict(captions)


def _compare(
    captions: dict[tuple[str, str], dict[str, str]], expected: CaptionSettings, findings: dict[str, Findings]
) -> None:
    pictures: dict[tuple[str, str], set[str]] = {}
    for picture in list_pictures(expected.dataset, expected.splits, expected.custom_imports):
        pictures.setdefault((picture.split, picture.modality), set()).add(_same_name(picture.item))
    for (split, modality), items in pictures.items():
        told = {_same_name(item) for item in captions.get((split, modality), {})}
        found = findings.setdefault(f'{split}_{FILE_NAMES[modality]}.json', Findings())
        for item in sorted(items - told):
            found.add('missing', item)
        for item in sorted(told - items):
            found.add('extra', item)


def _same_name(item: str) -> str:
    """A name as one system spells it: some file systems take an accent apart from its letter."""
    return unicodedata.normalize('NFC', item)


def print_audit(findings: dict[str, Findings]) -> int:
    """Print the findings as a table with examples.

    Returns:
        1 if something calls for a correction, else 0.
    """
    console = Console()
    kinds = [kind for kind in KINDS if any(kind in f.items for f in findings.values())]
    print_table(
        console,
        'Captions',
        ('file', 'captions', *kinds),
        [(name, f.captions, *(len(f.items.get(kind, [])) for kind in kinds)) for name, f in findings.items()],
    )
    for kind in kinds:
        examples = [f'{name}: {item}' for name, f in findings.items() for item in f.items.get(kind, [])[:1]]
        say(console, f'{kind}: {KINDS[kind]}; first in {"; ".join(examples[:3])}')
    serious = [kind for kind in kinds if kind not in HARMLESS]
    say(console, f'To be corrected: {", ".join(serious)}.' if serious else 'Nothing that calls for a correction.')
    return int(bool(serious))
