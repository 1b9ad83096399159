"""The report on caption files alone, whoever made them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

from next_mm.captioning.attributes.mentions import read_attributes
from next_mm.captioning.attributes.schema import Schema
from next_mm.captioning.report.figures import agreement_bars
from next_mm.captioning.report.gallery import gallery_of_folder
from next_mm.captioning.report.page import ReportSection, write_report
from next_mm.captioning.report.sections import agreement_section, text_section, token_section
from next_mm.captioning.report.statistics import Agreement, TextStatistics
from next_mm.captioning.settings import CaptionSettings
from next_mm.captions import read_captions
from next_mm.captions.files import FILE_NAMES
from next_mm.captions.tokenizer import CONTEXT_LENGTH
from next_mm.errors import DataError
from next_mm.visualization.style import MODALITY_COLOURS

Files = dict[tuple[str, str], dict[str, str]]


def read_folder(folder: Path) -> Files:
    """The caption files of a folder: (split, modality name) -> picture name -> caption.

    Raises:
        DataError: there are none, or one cannot be read.
    """
    files = {
        (split, name): dict(read_captions(folder / f'{split}_{name}.json'))
        for split in ('train', 'test')
        for name in FILE_NAMES.values()
        if (folder / f'{split}_{name}.json').is_file()
    }
    if not files:
        raise DataError(f'{folder}: no caption files (expected train_RGB.json, train_NI.json, ...)')
    return files


def identity_of(item: str, pattern: re.Pattern) -> str:
    """The identity that a picture's name holds; the name itself where it holds none."""
    match = pattern.search(item)
    return match.group(1) if match else item


def write_folder_report(
    folder: Path,
    schema: Schema,
    out: Path,
    identity_pattern: str = r'^0*(\d+)',
    expected: CaptionSettings | None = None,
) -> Path:
    """Write a report on the caption files of ``folder``.

    Args:
        schema: its patterns say how attributes are read off the texts.
        out: folder of the page and the pictures.
        identity_pattern: regular expression; its first group is the identity in a picture's name.
        expected: a caption config whose dataset has the pictures; ten of them are shown.

    Returns:
        The page.
    """
    files = read_folder(folder)
    pattern = re.compile(identity_pattern)
    texts = {key: TextStatistics() for key in files}
    mentions: dict[str, Counter] = defaultdict(Counter)
    agreement = Agreement()
    for split in dict.fromkeys(split for split, _ in files):
        names = [name for s, name in files if s == split]
        for item in dict.fromkeys(item for name in names for item in files[split, name]):
            sets = {}
            for name in names:
                if item in files[split, name]:
                    text = files[split, name][item]
                    texts[split, name].add(text)
                    # two values of one attribute in a text contradict each other and count for none
                    sets[name] = {n: next(iter(v)) for n, v in read_attributes(text, schema).items() if len(v) == 1}
                    mentions[name].update([*sets[name], 'captions'])
            agreement.add(identity_of(item, pattern), sets)
    sections: list[ReportSection | None] = [
        text_section(texts),
        token_section(texts),
        _unknown_section(texts),
        _mention_section(schema, mentions),
        agreement_section(
            schema,
            {'read off the captions': agreement},
            'An unknown rate says nothing about truth. The three pictures of a triplet show the same thing at the same '
            'time, and the pictures of an identity the same person or vehicle: where the captions contradict each '
            'other, one of them is wrong. '
            '"Any two" is the agreement of two pictures drawn blindly.',
        ),
    ]
    if expected is not None:
        sections.insert(0, gallery_of_folder(files, expected))
    return write_report(
        out,
        title=f'Captions in {folder.name if folder.name != "text" else folder.parent.name}',
        lead=f'{sum(map(len, files.values())):,} captions in {len(files)} files, attributes read off the texts by the '
        f'schema "{schema.name}".',
        tiles=_tiles(texts, agreement, schema),
        sections=[section for section in sections if section is not None],
    )


def _tiles(texts: dict, agreement: Agreement, schema: Schema) -> list[tuple[str, str]]:
    total = sum(len(s.words) for s in texts.values())
    over = sum(t > CONTEXT_LENGTH for s in texts.values() for t in s.tokens)
    tiles = [
        (f'{sum(sum(s.words) for s in texts.values()) / total:.1f}', 'words in a caption'),
        (
            f'{100 * sum(s.with_unknown for s in texts.values()) / total:.1f} %',
            'of the captions say that something is unknown',
        ),
        (f'{100 * over / total:.1f} %', 'are longer than CLIP reads'),
    ]
    rows = {n: agreement.row(n)['across modalities, %'] for n, a in schema.attributes.items() if not a.environment}
    worst = min((n for n, v in rows.items() if v == v), key=rows.__getitem__, default=None)
    return [*tiles, (f'{rows[worst]:.0f} %', f'agreement across modalities on {worst}, the lowest')] if worst else tiles


def _unknown_section(texts: dict) -> ReportSection | None:
    words: Counter[str] = sum((s.unknown for s in texts.values()), Counter())
    if not words:
        return None
    return ReportSection(
        'Words for "unknown"',
        'As they stand in the captions.',
        table=[['word', 'times'], *([w, n] for w, n in words.most_common(15))],
    )


def _mention_section(schema: Schema, mentions: dict[str, Counter]) -> ReportSection:
    names = [n for n in schema.attributes if any(counts[n] for counts in mentions.values())]
    series = {
        m: [100 * counts[n] / counts['captions'] if counts[n] else float('nan') for n in names]
        for m, counts in mentions.items()
    }
    colours = {name: MODALITY_COLOURS[name] for name in series}
    return ReportSection(
        'What the captions mention',
        'Share of the captions that state exactly one value of an attribute.',
        agreement_bars(names, series, 'Captions that state the attribute', colours),
        'mentions',
    )
