"""Compare the caption files of a split with its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from next_mm.captions import Captions, read_captions
from next_mm.datasets.caption_join import attach_captions
from next_mm.datasets.triplet_dataset import TripletDataset
from next_mm.errors import DataError
from next_mm.layouts import Problem
from next_mm.triplet import MODALITIES, TripletRecord

_NEEDED = 'the model reads captions: name them in the dataset (caption_dir), or train a model without'


def check_captions(dataset: TripletDataset, records: list[TripletRecord], *, read: bool = False) -> list[Problem]:
    """Compare the caption files of a split with its pictures, and join them to its records.

    Args:
        dataset: whose files they are.
        records: of its split, with the captions that they bring along; changed in place.
        read: whether a model reads captions, so that it is an error if there are none.
    """
    files = dataset.caption_files
    if files is None:
        for record in records:
            record['captions'] = None
        return [Problem('no captions', f'{dataset.title}, {dataset.split} split', _NEEDED)] if read and records else []
    tables: list[Captions | None] = []
    problems: list[Problem] = []
    for path in files:
        try:
            tables.append(read_captions(path) if path.exists() else None)
        except (DataError, OSError) as error:
            problems.append(Problem('an unreadable caption file', str(path), str(error).removeprefix(f'{path}: ')))
    if problems:
        return problems
    brought = any(record['captions'] for record in records)
    matches = [{} if table is None else table.match(record['name'] for record in records) for table in tables]
    for path, table, match in zip(files, tables, matches):
        if table is not None:
            problems += _check_table(path, table, match)
    attach_captions(records, [table or Captions() for table in tables], matches)
    if any(record['captions'] for record in records):
        return problems + _lacking(dataset, files, tables, records, brought=brought)
    if dataset.captions_required:
        detail = 'make them with tools/generate_captions.py, or train without text'
        return [*problems, Problem('no captions', str(files[0]), detail)]
    return [*problems, Problem('no captions', str(files[0]), _NEEDED)] if read and records else problems


def _check_table(path: Path, table: Captions, match: Mapping[str, str]) -> list[Problem]:
    extra = sorted(table.keys() - set(match.values()))
    useless = bool(table) and not match
    return [
        *(Problem('a caption without picture', f'{path}: {name}', fatal=useless) for name in extra),
        *(
            Problem('more than one caption', f'{path}: {name}', 'the first is kept', fatal=False)
            for name in table.duplicates
        ),
        *(Problem('a caption entry that is left out', f'{path}: {entry}', fatal=False) for entry in table.malformed),
    ]


def _lacking(
    dataset: TripletDataset,
    files: Sequence[Path],
    tables: Sequence[Captions | None],
    records: Sequence[TripletRecord],
    *,
    brought: bool,
) -> list[Problem]:
    """Name the triplets without any caption, and the pictures or whole modalities for which another one's stands in."""
    stands_in = 'another modality stands in'
    where = f'{dataset.title}, {dataset.split} split'
    problems = [
        Problem('no caption in any modality', f'{where}: {record["name"]}', 'its text is empty', fatal=False)
        for record in records
        if record['captions'] is None
    ]
    for number, (modality, path, table) in enumerate(zip(MODALITIES, files, tables)):
        if table is None and not brought and modality not in dataset.layout.missing_modalities:
            problems.append(Problem('no caption file', str(path), stands_in, fatal=False))
        elif table is not None:
            problems += [
                Problem('no caption', f'{path}: {record["name"]}', stands_in, fatal=False)
                for record in records
                if record['captions'] and not record['captions'][number] and record['img_paths'][number] is not None
            ]
    return problems
