"""Check a dataset before training: all that is wrong, not the first thing only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from next_mm.datasets.check_captions import check_captions
from next_mm.datasets.decoding import split_panels
from next_mm.datasets.samplers import check_batch, check_size, group_by_label
from next_mm.datasets.statistics import statistics_table
from next_mm.datasets.triplet_dataset import TripletDataset
from next_mm.errors import DataError
from next_mm.layouts import Problem
from next_mm.triplet import TripletRecord
from next_mm.utils.pictures import decode_picture, examine_pictures
from next_mm.utils.text import printable

Progress = Callable[[Iterable, int, str], Iterable]
"""Shows how far an iteration is: (iterable, length, what) to the same items."""


@dataclass
class DataReport:
    """What a check of datasets found.

    Attributes:
        counts: a table of what each split holds.
        records: of each dataset that could be listed, with their captions.
        problems: everything that is wrong, in a stable order.
    """

    counts: list[str] = field(default_factory=list)
    records: dict[TripletDataset, list[TripletRecord]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def lines(self, limit: int = 0) -> Iterator[str]:
        """Describe the report, line by line, fatal problems first; nothing in it steers a terminal.

        Args:
            limit: examples of each kind of problem; 0 for all.
        """
        yield from self.counts
        kinds: dict[tuple[str, bool], list[Problem]] = defaultdict(list)
        for problem in self.problems:
            kinds[problem.kind, problem.fatal].append(problem)
        for (kind, fatal), found in sorted(kinds.items(), key=lambda item: not item[0][1]):
            yield printable(f'{"ERROR" if fatal else "note"}: {kind}: {len(found):,}')
            shown = found[:limit] if limit else found
            for problem in shown:
                yield printable(f'  {problem.where}' + (f' ({problem.detail})' if problem.detail else ''))
            if len(shown) < len(found):
                yield f'  and {len(found) - len(shown):,} more; --limit 0 lists all'

    def summary(self) -> str:
        """Count errors and notes."""
        fatal = sum(problem.fatal for problem in self.problems)
        return f'{fatal:,} errors, {len(self.problems) - fatal:,} notes'


def check_datasets(
    datasets: Sequence[TripletDataset],
    *,
    batch: tuple[int, int] | None = None,
    captions_read: bool = False,
    progress: Progress = lambda items, length, what: items,
) -> DataReport:
    """Check pictures, captions and identities of a training and a test split.

    Every picture is decoded. A problem is fatal where training or testing would stop or be wrong; a missing caption is
    not: another modality's stands in, or the text is empty.

    Args:
        datasets: built with ``lazy_init=True``, so that nothing has been refused yet.
        batch: batch size and K of the training split; ``None`` leaves that out.
        captions_read: whether the model reads captions.
        progress: wraps the slow loop.

    Raises:
        ConfigError: the batch size is no multiple of K.
    """
    report = DataReport()
    digests: dict[TripletDataset, dict[str, str]] = {}
    for dataset in datasets:
        try:
            records, found = dataset.layout.find_split()
        except (DataError, OSError) as error:
            report.problems.append(
                Problem('a split that cannot be listed', f'{dataset.title}, {dataset.split}', str(error))
            )
            continue
        report.problems += found
        damaged, digests[dataset] = check_pictures(dataset, records, progress)
        report.problems += [*damaged, *repeated_pictures(records, digests[dataset])]
        report.problems += check_captions(dataset, records, read=captions_read)
        report.problems += check_identities(dataset, records)
        if batch and records and dataset.split == 'train':
            report.problems += check_batches(dataset.title, records, batch_size=batch[0], num_instances=batch[1])
        report.counts.append(statistics_table(dataset.title, dataset.split, records))
        report.records[dataset] = records
    for one, other in combinations(report.records, 2):
        if one.split != other.split and one.layout.data_root == other.layout.data_root:
            known = one.layout.splits_share_identities
            report.problems += shared_identities(report.records[one], report.records[other], known=known)
            report.problems += shared_pictures(digests[one], digests[other])
    return report


def check_pictures(
    dataset: TripletDataset, records: Sequence[TripletRecord], progress: Progress
) -> tuple[list[Problem], dict[str, str]]:
    """Decode every picture of the records as training will.

    Returns:
        Those that training could not read, as fatal problems; and the digest of every file that could be opened.
    """
    levels = {
        path: pair
        for record in records
        for path, pair in zip(record['img_paths'], dataset.load.levels_of(side_by_side=record['side_by_side']))
        if path is not None
    }
    side_by_side = {path for record in records if record['side_by_side'] for path in record['img_paths']}

    def decode(data: bytes, path: str) -> None:
        image = decode_picture(data, path, levels=levels[path])
        if path in side_by_side:
            split_panels(image, path)

    what = f'{dataset.title}: decoding pictures'
    pictures = examine_pictures(levels, decode, lambda items, length: progress(items, length, what))
    problems = [
        Problem('an unreadable picture', picture.path, picture.reason)
        for picture in pictures
        if picture.reason is not None
    ]
    return problems, {picture.path: picture.digest for picture in pictures if picture.digest is not None}


def repeated_pictures(records: Sequence[TripletRecord], digests: dict[str, str]) -> Iterator[Problem]:
    """Name files of one content: in two triplets one finds the other in a test, whatever a model has learnt."""
    seen: dict[str, tuple[str, TripletRecord]] = {}
    for record in records:
        for path in dict.fromkeys(record['img_paths']) if not record['side_by_side'] else record['img_paths'][:1]:
            if path not in digests:
                continue
            first, owner = seen.setdefault(digests[path], (path, record))
            if first == path:
                continue
            if owner is record:
                kind = 'one picture for two modalities'
            elif owner['identity'] != record['identity']:
                kind = 'one picture under two identities'
            else:
                kind = 'a picture in two triplets'
            yield Problem(kind, path, f'the same bytes as {first}', fatal=False)


def shared_pictures(digests: dict[str, str], others: dict[str, str]) -> Iterator[Problem]:
    """Name the files of two splits that have the same content."""
    known = {digest: path for path, digest in digests.items()}
    for path, digest in others.items():
        if digest in known:
            yield Problem('a picture in both train and test', path, f'the same bytes as {known[digest]}', fatal=False)


def check_identities(dataset: TripletDataset, records: Sequence[TripletRecord]) -> list[Problem]:
    """Check that a training split has identities to tell apart and a test split queries that can be answered."""
    identities = {record['identity'] for record in records}
    if dataset.split == 'train':
        only = [str(identity) for identity in identities] if len(identities) == 1 else []
        folder = dataset.layout.part_folder('train')
        return [Problem('one identity only', folder, f'identity {identity}') for identity in only]
    known = {record['identity'] for record in records if record['is_gallery']}
    unanswered = sorted({record['identity'] for record in records if record['is_query']} - known, key=str)
    return [
        Problem(
            'a query identity that the gallery lacks', str(identity), 'its queries do not count', fatal=len(known) == 0
        )
        for identity in unanswered
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


def shared_identities(
    train: Sequence[TripletRecord], test: Sequence[TripletRecord], *, known: bool = False
) -> Iterator[Problem]:
    """Name the identities that a training and a test split share: results on them say little.

    Args:
        train: the one split.
        test: the other.
        known: whether the dataset was released so.
    """
    both = {record['identity'] for record in train} & {record['identity'] for record in test}
    detail = 'as the dataset was released' if known else ''
    for identity in sorted(both, key=str):
        yield Problem('an identity in both train and test', str(identity), detail, fatal=not known)
