"""Join captions to the triplets of a split by the name of the picture."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.logging import print_log

from next_mm.captions import Captions, degrade_caption, read_captions
from next_mm.errors import DataError
from next_mm.triplet import MODALITIES, MODALITY_TABLE, TripletRecord


def join_captions(
    records: list[TripletRecord],
    *,
    files: Sequence[Path],
    split: str,
    title: str,
    required: bool,
    quality: float,
) -> bool:
    """Put the captions of one split into its records, and log what is missing or left over.

    Captions that the records bring along are kept where the files have none.

    Args:
        records: changed in place; ``captions`` becomes a triple, or ``None`` when the split has no captions at all.
        files: caption file of each modality; it need not exist.
        split: ``'train'`` or ``'test'``.
        title: dataset name for messages.
        required: whether it is an error that there are no captions.
        quality: share of the words that stay; see :func:`degrade_caption`.

    Returns:
        Whether any triplet has a caption.

    Raises:
        FileNotFoundError: captions are required and there are none.
        DataError: a file cannot be read, or none of its names is a picture of the split.
    """
    tables = [read_captions(path) if path.exists() else Captions() for path in files]
    matches = [table.match(record['name'] for record in records) for table in tables]
    for path, table, match in zip(files, tables, matches):
        _report_table(path, table, match, records, title)
    attach_captions(records, tables, matches, quality)
    if any(record['captions'] for record in records):
        _report_missing(records, files, title, split)
        return True
    if required:
        named = '{' + ','.join(modality.file_name for modality in MODALITY_TABLE) + '}'
        raise FileNotFoundError(
            f'{title}: no captions for the {split} split, expected {files[0].parent}/{split}_{named}.json. Make them '
            'with tools/generate_captions.py (docs/captions.md), name their folder with caption_dir, or train without '
            'text: model.text=None and caption_dir=None in every dataset.'
        )
    return False


def attach_captions(
    records: list[TripletRecord],
    tables: Sequence[Captions],
    matches: Sequence[Mapping[str, str]],
    quality: float = 1.0,
) -> None:
    """Put captions into the records; where a table has none for a picture, the record's own is kept.

    Args:
        records: changed in place; ``captions`` becomes a triple, ``None`` for a triplet without any.
        tables: the captions of each modality.
        matches: name of a triplet to its name in the table (:meth:`Captions.match`), for each modality.
        quality: share of the words that stay; see :func:`degrade_caption`.
    """
    for record in records:
        own = record['captions'] or (None, None, None)
        texts: list[str | None] = []
        for number, (modality, path) in enumerate(zip(MODALITIES, record['img_paths'])):
            item = matches[number].get(record['name'])
            text = own[number] if item is None else tables[number][item]
            if text and quality < 1:
                text = degrade_caption(text, quality, f'{record["name"]}/{modality}')
            texts.append(text if text and path is not None else None)
        first, second, third = texts
        record['captions'] = (first, second, third) if any(texts) else None


def _report_table(
    path: Path, table: Captions, match: Mapping[str, str], records: Sequence[TripletRecord], title: str
) -> None:
    if table and not match:
        raise DataError(
            f'{title}: none of the {len(table)} captions in {path} belongs to a picture of this split; the first is '
            f'for {next(iter(table))}, the first picture is '
            f'{min(record["name"] for record in records)}'
        )
    extra = len(table) - len(match)
    notes = [
        f'{extra} for pictures that are not there' if extra else '',
        f'{len(table.duplicates)} more than once, the first is kept' if table.duplicates else '',
        f'{len(table.malformed)} left out, first: {table.malformed[0]}' if table.malformed else '',
    ]
    if any(notes):
        print_log(
            f'{title}: captions in {path}: {"; ".join(filter(None, notes))}. Run tools/check_dataset.py for the list.',
            logger='current',
            level=logging.WARNING,
        )


def _report_missing(records: list[TripletRecord], files: Sequence[Path], title: str, split: str) -> None:
    for number, (path, modality) in enumerate(zip(files, MODALITY_TABLE)):
        lacking = [
            record
            for record in records
            if record['img_paths'][number] is not None and not (record['captions'] and record['captions'][number])
        ]
        if lacking:
            where = path if path.exists() else f'{path}, which does not exist'
            alone = sum(record['captions'] is None for record in lacking)
            print_log(
                f'{title}: {len(lacking)} of {len(records)} {split} triplets have no {modality.file_name} caption, '
                f'first: {lacking[0]["name"]} (expected in {where}). Another modality stands in for '
                f'{len(lacking) - alone}, '
                f'{alone} have no text.',
                logger='current',
                level=logging.WARNING,
            )
    for record in records:  # a triplet without any caption among others that have some: empty texts
        record['captions'] = record['captions'] or (None, None, None)
