"""Check a dataset before training: all that is wrong, not the first thing only."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from next_mm.captions import Captions, read_captions
from next_mm.datasets.caption_join import caption_files, caption_folder
from next_mm.datasets.decoding import PictureError, read_picture
from next_mm.datasets.samplers import check_batch, check_size, group_by_label
from next_mm.datasets.transforms.load import split_panels
from next_mm.datasets.triplet_dataset import TripletDataset
from next_mm.errors import DataError
from next_mm.layouts import Problem
from next_mm.triplet import MODALITIES, TripletRecord

Progress = Callable[[Iterable, int, str], Iterable]
"""Shows how far an iteration is: (iterable, length, what) to the same items."""


def check_datasets(
    datasets: Sequence[TripletDataset],
    *,
    batch: tuple[int, int] | None = None,
    captions_read: bool = False,
    progress: Progress = lambda items, length, what: items,
) -> list[Problem]:
    """Check pictures, captions and identities of a training and a test split.

    Every picture is decoded. A problem is fatal where training or testing would stop or be wrong; a missing caption is not: another
    modality's stands in, or the text is empty.

    Args:
        datasets: built with ``lazy_init=True``, so that nothing has been refused yet.
        batch: batch size and K of the training split; ``None`` leaves that out.
        captions_read: whether the model reads captions.
        progress: wraps the slow loop.

    Returns:
        Everything found, in a stable order.

    Raises:
        ConfigError: the batch size is no multiple of K.
    """
    problems: list[Problem] = []
    splits: list[tuple[TripletDataset, list[TripletRecord]]] = []
    for dataset in datasets:
        records, found = dataset.find_split()
        splits.append((dataset, records))
        problems += found
        problems += check_pictures(dataset.title, records, progress)
        problems += check_captions(dataset, records, read=captions_read)
        problems += check_identities(dataset, records)
        if batch and records and dataset.split == 'train':
            problems += check_batches(dataset.title, records, batch_size=batch[0], num_instances=batch[1])
    for first, (dataset, records) in enumerate(splits):
        for other, others in splits[first + 1 :]:
            if other.split != dataset.split and other.data_root == dataset.data_root:
                problems += shared_identities(records, others)
    return problems


def check_pictures(title: str, records: Sequence[TripletRecord], progress: Progress) -> list[Problem]:
    """Decode every picture of the records; those that training could not read come back as fatal problems."""
    readers = {
        path: split_panels if record['side_by_side'] else read_picture
        for record in records
        for path in record['img_paths']
        if path is not None
    }

    def check(path: str) -> Problem | None:
        try:
            readers[path](path)
        except PictureError as error:
            return Problem('an unreadable picture', path, str(error).removeprefix(f'{path}: '))
        return None

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = progress(pool.map(check, readers), len(readers), f'{title}: decoding pictures')
        return [problem for problem in results if problem]


def check_captions(dataset: TripletDataset, records: Sequence[TripletRecord], *, read: bool = False) -> list[Problem]:
    """Compare the caption files of a split with its pictures.

    Args:
        dataset: whose files they are.
        records: of its split, with the captions that they bring along.
        read: whether a model reads captions, so that it is an error if there are none.
    """
    lost = 'the model reads captions: name them in the dataset (caption_dir), or train a model without'
    if dataset.caption_dir is None:
        return [Problem('no captions', f'{dataset.title}, {dataset.split} split', lost)] if read and records else []
    folder = caption_folder(dataset.data_root, dataset.caption_dir)
    files = caption_files(folder, dataset.split, dataset.caption_names)
    tables: list[Captions | None] = []
    problems: list[Problem] = []
    for path in files:
        try:
            tables.append(read_captions(path) if os.path.exists(path) else None)
        except DataError as error:
            problems.append(Problem('an unreadable caption file', path, str(error).removeprefix(f'{path}: ')))
    if problems:
        return problems
    problems += [
        problem
        for path, table in zip(files, tables)
        if table is not None
        for problem in _check_table(path, table, records)
    ]
    covered = [[_has_caption(record, number, table) for number, table in enumerate(tables)] for record in records]
    if any(map(any, covered)):
        return problems + _lacking(dataset, files, tables, records, covered)
    if dataset.captions_required:
        return [
            *problems,
            Problem('no captions', files[0], 'make them with tools/generate_captions.py, or train without text'),
        ]
    return [*problems, Problem('no captions', files[0], lost)] if read and records else problems


def _check_table(path: str, table: Captions, records: Sequence[TripletRecord]) -> list[Problem]:
    extra = sorted(set(table).difference(record['name'] for record in records))
    useless = bool(table) and len(extra) == len(table)
    return [
        *(Problem('a caption without picture', f'{path}: {name}', fatal=useless) for name in extra),
        *(
            Problem('more than one caption', f'{path}: {name}', 'the first is kept', fatal=False)
            for name in table.duplicates
        ),
        *(Problem('a caption entry that is left out', f'{path}: {entry}', fatal=False) for entry in table.malformed),
    ]


def _has_caption(record: TripletRecord, number: int, table: Captions | None) -> bool:
    """Whether a picture is there and has a caption, in the file or brought along."""
    own = record['captions'] and record['captions'][number]
    return record['img_paths'][number] is not None and bool(own or (table is not None and record['name'] in table))


def _lacking(
    dataset: TripletDataset,
    files: Sequence[str],
    tables: Sequence[Captions | None],
    records: Sequence[TripletRecord],
    covered: Sequence[Sequence[bool]],
) -> list[Problem]:
    """Name the triplets without any caption, and the pictures or whole modalities for which another one's stands in."""
    problems = [
        Problem(
            'no caption in any modality',
            f'{dataset.title}, {dataset.split} split: {record["name"]}',
            'its text is empty',
            fatal=False,
        )
        for record, found in zip(records, covered)
        if not any(found)
    ]
    brought = any(record['captions'] for record in records)
    for number, (modality, path, table) in enumerate(zip(MODALITIES, files, tables)):
        if table is None and not brought and modality not in dataset.missing_modalities:
            problems.append(Problem('no caption file', path, 'another modality stands in', fatal=False))
        elif table is not None:
            problems += [
                Problem('no caption', f'{path}: {record["name"]}', 'another modality stands in', fatal=False)
                for record, found in zip(records, covered)
                if any(found) and not found[number] and record['img_paths'][number] is not None
            ]
    return problems


def check_identities(dataset: TripletDataset, records: Sequence[TripletRecord]) -> list[Problem]:
    """Check that a training split has identities to tell apart and a test split queries that can be answered."""
    identities = {record['identity'] for record in records}
    if dataset.split == 'train':
        only = [str(identity) for identity in identities] if len(identities) == 1 else []
        return [Problem('one identity only', dataset.part_folder('train'), f'identity {identity}') for identity in only]
    known = {record['identity'] for record in records if record['is_gallery']}
    lost = sorted({record['identity'] for record in records if record['is_query']} - known, key=str)
    return [
        Problem(
            'a query identity that the gallery lacks', str(identity), 'its queries do not count', fatal=len(known) == 0
        )
        for identity in lost
    ]


def check_batches(
    title: str, records: Sequence[TripletRecord], *, batch_size: int, num_instances: int
) -> list[Problem]:
    """Check that a training split fills a batch of P x K."""
    check_size(batch_size, num_instances)
    members = group_by_label(np.array([record['label'] for record in records]))
    try:
        check_batch(title, members, batch_size // num_instances, num_instances)
    except DataError as error:
        return [Problem('too few for a batch', title, str(error).removeprefix(f'{title}: '))]
    return []


def shared_identities(train: Sequence[TripletRecord], test: Sequence[TripletRecord]) -> list[Problem]:
    """Name the identities that a training and a test split share: results on them would say nothing."""
    both = {record['identity'] for record in train} & {record['identity'] for record in test}
    return [Problem('an identity in both train and test', str(identity)) for identity in sorted(both, key=str)]
