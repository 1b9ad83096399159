"""Join captions to the triplets of a split by the name of the picture."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from mmengine.logging import print_log

from next_mm.captions import Captions, degrade_caption, read_captions
from next_mm.errors import DataError
from next_mm.triplet import MODALITIES, TripletRecord


def caption_folder(data_root: str, caption_dir: str) -> str:
    """Folder of a dataset's caption files; ``caption_dir`` may be absolute."""
    return os.path.join(data_root, caption_dir)


def caption_files(folder: str, split: str, names: Sequence[str]) -> list[str]:
    """Paths of a split's caption files in the order of the modalities, such as ``train_RGB.json``."""
    return [os.path.join(folder, f'{split}_{name}.json') for name in names]


def join_captions(
    records: list[TripletRecord],
    *,
    folder: str,
    split: str,
    names: Sequence[str],
    title: str,
    required: bool,
    quality: float,
) -> bool:
    """Put the captions of one split into its records, and log what is missing or left over.

    Captions that the records bring along are kept where the files have none.

    Args:
        records: changed in place; ``captions`` becomes a triple, or ``None`` when the split has no captions at all.
        folder: folder of the caption files.
        split: ``'train'`` or ``'test'``.
        names: modality names in the file names.
        title: dataset name for messages.
        required: whether it is an error that there are no captions.
        quality: share of the words that stay; see :func:`degrade_caption`.

    Returns:
        Whether any triplet has a caption.

    Raises:
        FileNotFoundError: captions are required and there are none.
        DataError: a file cannot be read, or none of its names is a picture of the split.
    """
    files = caption_files(folder, split, names)
    tables = [read_captions(path) if os.path.exists(path) else None for path in files]
    for path, table in zip(files, tables):
        if table is not None:
            _report_table(path, table, records, title)
    for record in records:
        _join_one(record, tables, quality)
    if any(record['captions'] for record in records):
        _report_missing(records, files, names, title, split)
        return True
    if required:
        raise FileNotFoundError(
            f'{title}: no captions for the {split} split, expected {folder}/{split}_{{{",".join(names)}}}.json. Make them with '
            'tools/generate_captions.py (docs/captions.md), name their folder with caption_dir, or train without text: '
            'model.text=None and caption_dir=None in every dataset.'
        )
    return False


def _join_one(record: TripletRecord, tables: Sequence[Captions | None], quality: float) -> None:
    own = record['captions'] or (None, None, None)
    texts: list[str | None] = []
    for modality, path, caption, table in zip(MODALITIES, record['img_paths'], own, tables):
        text = caption if table is None else table.get(record['name'], caption)
        if text and quality < 1:
            text = degrade_caption(text, quality, f'{record["name"]}/{modality}')
        texts.append(text if text and path is not None else None)
    first, second, third = texts
    record['captions'] = (first, second, third) if any(texts) else None


def _report_table(path: str, table: Captions, records: list[TripletRecord], title: str) -> None:
    names = {record['name'] for record in records}
    used = names.intersection(table)
    if table and not used:
        raise DataError(
            f'{title}: none of the {len(table)} captions in {path} belongs to a picture of this split; the first is for '
            f'{next(iter(table))}, the first picture is {min(names)}'
        )
    extra = len(table) - len(used)
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


def _report_missing(
    records: list[TripletRecord], files: Sequence[str], names: Sequence[str], title: str, split: str
) -> None:
    for number, (path, name) in enumerate(zip(files, names)):
        lacking = [
            record
            for record in records
            if record['img_paths'][number] is not None and not (record['captions'] and record['captions'][number])
        ]
        if lacking:
            where = path if os.path.exists(path) else f'{path}, which does not exist'
            lost = sum(record['captions'] is None for record in lacking)
            print_log(
                f'{title}: {len(lacking)} of {len(records)} {split} triplets have no {name} caption, first: '
                f'{lacking[0]["name"]} (expected in {where}). Another modality stands in for {len(lacking) - lost}, {lost} have '
                'no text.',
                logger='current',
                level=logging.WARNING,
            )
    for record in records:  # a triplet without any caption among others that have some: empty texts
        record['captions'] = record['captions'] or (None, None, None)
