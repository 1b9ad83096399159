"""The base of all layouts: which triplets a split has, without captions and without torch."""

from __future__ import annotations

import filecmp
import os
from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from next_mm.errors import ConfigError, DataError
from next_mm.layouts.listing import Problem, Triplet, missing_partners, refuse
from next_mm.triplet import MODALITIES, NUM_MODALITIES, TripletRecord

SPLITS = ('train', 'test')


class TripletLayout:
    """How a dataset lies on disk. A subclass says where its pictures lie and what their names mean (:meth:`find`).

    ``split='test'`` lists query and gallery together, each triplet with its flags; a picture that is in both is listed
    once. Two pictures of one name in query and gallery are two triplets; captions and results know a picture by its
    name, so where names are the user's (``names_are_free``) that is an error.

    Args:
        data_root: folder of the dataset.
        split: ``'train'`` or ``'test'``.
        missing_modalities: modalities that count as absent, whether they are on disk or not.

    Raises:
        ConfigError: an unknown split or modality.
    """

    side_by_side: ClassVar[bool] = False
    folders: ClassVar[Sequence[str]] = ('RGB', 'NI', 'TI')
    example: ClassVar[str] = ''
    parts: ClassVar[dict[str, str]] = {}
    partners_required: ClassVar[bool] = True
    names_are_free: ClassVar[bool] = False

    def __init__(self, *, data_root: str, split: str = 'train', missing_modalities: Sequence[str] = ()) -> None:
        self.data_root = data_root
        self.split = split
        self.missing_modalities = tuple(missing_modalities)
        self.num_found = 0  # triplets on disk, sound or not
        if self.split not in SPLITS:
            raise ConfigError(f'{self.title}: split should be one of {SPLITS}, got {self.split!r}')
        unknown = [modality for modality in self.missing_modalities if modality not in MODALITIES]
        if unknown or len(set(self.missing_modalities)) == NUM_MODALITIES:
            raise ConfigError(
                f'{self.title}: missing_modalities should name at most two of {MODALITIES}, got {self.missing_modalities}'
            )

    # What a subclass says
    @abstractmethod
    def find(self, part: str) -> tuple[list[Triplet], list[Problem]]:
        """List the triplets of one part of the dataset.

        Args:
            part: ``'train'``, ``'query'``, ``'gallery'`` or, where both are the same pictures, ``'test'``.

        Returns:
            The triplets as they lie on disk, sorted, and what is wrong with them.
        """

    @property
    def title(self) -> str:
        """Name for messages."""
        return type(self).__name__

    def split_parts(self) -> list[str]:
        """The parts that make up this split."""
        if self.split == 'train':
            return ['train']
        return [part for part in ('query', 'gallery', 'test') if part in self.parts]

    # Listing
    def find_split(self) -> tuple[list[TripletRecord], list[Problem]]:
        """List the records of this split without captions, and all that is wrong with its pictures."""
        records: list[TripletRecord] = []
        known: dict[tuple[str, int | str | None], TripletRecord] = {}
        problems: list[Problem] = []
        self.num_found = 0
        for part in self.split_parts():
            triplets, found = self.find(part)
            problems += found
            if self.partners_required:
                problems += missing_partners(
                    triplets,
                    {
                        modality: folder
                        for modality, folder in zip(MODALITIES, self.folders)
                        if modality not in self.missing_modalities
                    },
                )
            self.num_found += len(triplets) + len(found)
            if not triplets and not found:
                problems.append(
                    Problem('no pictures', str(self.part_folder(part)), f'expected names like {self.example}')
                )
            for triplet in triplets:
                record = self._record(triplet, part)
                twin = known.setdefault((triplet.name, None if self.names_are_free else triplet.identity), record)
                problems += self._another_picture(twin, record)
                if not _merge(twin, record):
                    records.append(record)
        return self._with_labels(records), problems

    def part_folder(self, part: str) -> str:
        """Folder of a part."""
        return os.path.join(self.data_root, self.parts.get(part, part))

    def _record(self, triplet: Triplet, part: str) -> TripletRecord:
        first, second, third = (
            None if modality in self.missing_modalities else path
            for modality, path in zip(MODALITIES, triplet.img_paths)
        )
        return TripletRecord(
            name=triplet.name,
            img_paths=(first, second, third),
            side_by_side=self.side_by_side,
            identity=triplet.identity,
            label=-1,
            camera=triplet.camera,
            scene=triplet.scene,
            is_query=part in ('query', 'test'),
            is_gallery=part in ('gallery', 'test'),
            captions=triplet.captions,
        )

    def _another_picture(self, twin: TripletRecord, record: TripletRecord) -> list[Problem]:
        """The problem, if it is one, that two records of one name show different pictures."""
        for one, two in zip(twin['img_paths'], record['img_paths']):
            if one is not None and two is not None and not _same_picture(one, two):
                so = 'give one of the two another name' if self.names_are_free else 'both have the same'
                return [
                    Problem(
                        'the name of another picture',
                        two,
                        f'{one} differs; captions are found by name, so {so}',
                        fatal=self.names_are_free,
                    )
                ]
        return []

    @staticmethod
    def _with_labels(records: list[TripletRecord]) -> list[TripletRecord]:
        """Number the identities of the split in their sorted order, which is the same on every machine and rank."""
        labels = {identity: label for label, identity in enumerate(sorted({record['identity'] for record in records}))}
        for record in records:
            record['label'] = labels[record['identity']]
        return records

    def list_records(self) -> list[TripletRecord]:
        """List the records of this split.

        Raises:
            FileNotFoundError: no pictures.
            DataError: pictures without partner, names that cannot be read, a single identity to train on.
        """
        records, problems = self.find_split()
        refuse(self.title, self.split, problems, self.num_found)
        identities = {record['identity'] for record in records}
        if self.split == 'train' and len(identities) < 2:
            raise DataError(
                f'{self.title}: all {len(records)} training triplets show one identity ({next(iter(identities))}); '
                'telling identities apart takes at least two'
            )
        return records


def _merge(twin: TripletRecord, record: TripletRecord) -> bool:
    """Give a query's flag to its copy in the gallery or the other way round; ``False`` if the two are not
    copies of each other."""
    if twin is record or twin['identity'] != record['identity']:
        return False
    if (twin['is_query'], twin['is_gallery']) in ((record['is_query'], record['is_gallery']), (True, True)):
        return False
    if not all(
        one == two or (one is not None and two is not None and _same_picture(one, two))
        for one, two in zip(twin['img_paths'], record['img_paths'])
    ):
        return False
    twin['is_query'] = twin['is_gallery'] = True
    return True


def _same_picture(one: str, two: str) -> bool:
    """Whether two files hold the same bytes; files of different sizes are not read."""
    return one == two or filecmp.cmp(one, two, shallow=False)
