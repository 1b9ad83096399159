"""The base of all layouts: which triplets a split has, without captions and without torch."""

from __future__ import annotations

import filecmp
import os
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, TypedDict

from next_mm.errors import ConfigError, DataError
from next_mm.layouts.pairing import missing_partners
from next_mm.layouts.problems import NO_PICTURES, Problem, as_note, refuse
from next_mm.triplet import MODALITIES, MODALITY_TABLE, NUM_MODALITIES, UNKNOWN, TripletRecord
from next_mm.utils.options import check_choice
from next_mm.utils.text import is_encodable

SPLITS = ('train', 'test')
TEST_PARTS: tuple[str, ...] = ('query', 'gallery', 'test')
PERSON_FOLDERS = tuple(modality.file_name for modality in MODALITY_TABLE)
VEHICLE_FOLDERS = tuple(modality.vehicle_folder for modality in MODALITY_TABLE)
LEFT_OUT = ('incomplete', 'unreadable')
"""What ``leave_out`` can name."""

UNREADABLE_NAME = 'a name that cannot be read'
UNREADABLE_PICTURE = 'an unreadable picture'


class Facts(TypedDict):
    """What a picture's name says."""

    identity: int
    camera: int
    scene: int


class TripletLayout:
    """How a dataset lies on disk. A subclass says where its pictures lie and what their names mean (:meth:`find`).

    Class attributes say how: ``parts`` (folder of each part), ``folders`` (of the modalities), ``by_identity``
        (whether each
    identity has such a set of folders), ``side_by_side`` (whether one file holds the three pictures), and ``pattern``,
    whose groups ``identity``, ``camera`` and ``scene`` are numbers in a picture's name.

    ``split='test'`` lists query and gallery together, each triplet with its flags; a picture that is in both is listed
    once. Two pictures of one name in query and gallery are two triplets; captions and results know a picture by its
    name, so where names are the user's (``names_are_free``) that is an error.

    Args:
        data_root: folder of the dataset.
        split: ``'train'`` or ``'test'``.
        missing_modalities: modalities that count as absent, whether they are on disk or not.
        leave_out: triplets that are left out and counted, where otherwise the split is refused: ``'incomplete'`` ones,
            which lack a picture, and ``'unreadable'`` ones, whose name does not say what it should or of which a
            picture is damaged (every picture is then decoded once at the start).

    Raises:
        ConfigError: an option has another value.
    """

    side_by_side: ClassVar[bool] = False
    folders: ClassVar[Sequence[str]] = PERSON_FOLDERS
    example: ClassVar[str] = ''
    parts: ClassVar[dict[str, str]] = {}
    pattern: ClassVar[re.Pattern[str] | None] = None
    by_identity: ClassVar[bool] = False
    partners_required: ClassVar[bool] = True
    names_are_free: ClassVar[bool] = False
    splits_share_identities: ClassVar[bool] = False  # whether the dataset was released with identities in both splits

    def __init__(
        self,
        *,
        data_root: str,
        split: str = 'train',
        missing_modalities: Sequence[str] = (),
        leave_out: Sequence[str] = (),
    ) -> None:
        self.data_root = data_root
        self.split = split
        self.missing_modalities = tuple(missing_modalities)
        self.leave_out = tuple(leave_out)
        self.num_found = 0  # triplets on disk, sound or not
        check_choice(f'{self.title}.split', split, SPLITS)
        for kind in self.leave_out:
            check_choice(f'{self.title}.leave_out', kind, LEFT_OUT)
        unknown = [modality for modality in self.missing_modalities if modality not in MODALITIES]
        if unknown or len(set(self.missing_modalities)) == NUM_MODALITIES:
            name = f'{self.title}.missing_modalities={self.missing_modalities}'
            raise ConfigError(f'{name}: expected at most two of {", ".join(MODALITIES)}')

    # What a subclass says
    @abstractmethod
    def find(self, part: str) -> tuple[list[TripletRecord], list[Problem]]:
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
        return [part for part in TEST_PARTS if part in self.parts]

    def part_folder(self, part: str) -> str:
        """Folder of a part."""
        return os.path.join(self.data_root, self.parts.get(part, part))

    @classmethod
    def read_name(cls, name: str) -> Facts | None:
        """Read identity, camera and scene out of a picture's name.

        Args:
            name: file name with its suffix.

        Returns:
            The numbers, :data:`UNKNOWN` for what :attr:`pattern` does not have; ``None`` if the name does not match.
        """
        match = cls.pattern.fullmatch(os.path.splitext(name)[0]) if cls.pattern is not None else None
        if match is None:
            return None
        found = match.groupdict()
        identity, camera, scene = (
            UNKNOWN if found.get(key) is None else int(found[key]) for key in Facts.__annotations__
        )
        return Facts(identity=identity, camera=camera, scene=scene)

    def unreadable_name(self, path: str) -> Problem:
        """The problem that a picture's name is none of the dataset's."""
        return Problem(UNREADABLE_NAME, path, f'expected names like {self.example}')

    # Listing
    def find_split(self) -> tuple[list[TripletRecord], list[Problem]]:
        """List the records of this split without captions, and all that is wrong with its pictures."""
        records: list[TripletRecord] = []
        names: dict[tuple[str, int | str | None], TripletRecord] = {}
        pictures: dict[tuple[str | None, ...], TripletRecord] = {}
        problems: list[Problem] = []
        self.num_found = 0
        for part in self.split_parts():
            found, wrong = self._find_part(part)
            problems += wrong
            for record in found:
                copied, wrong = self._find_copy(record, pictures, names)
                problems += wrong
                if not copied:
                    records.append(record)
        problems += self._absent_modalities(records)
        problems += _unencodable_names(records)
        return self._with_labels(records), problems

    def _find_part(self, part: str) -> tuple[list[TripletRecord], list[Problem]]:
        """List a part's triplets with their place in the split; what ``leave_out`` names is left out."""
        records, problems = self.find(part)
        self.num_found += len(records) + sum(problem.of_triplet for problem in problems)
        if not records and not problems:
            problems = [Problem(NO_PICTURES, str(self.part_folder(part)), f'expected names like {self.example}')]
        for record in records:
            first, second, third = (
                None if modality in self.missing_modalities else path
                for modality, path in zip(MODALITIES, record['img_paths'])
            )
            record['img_paths'] = (first, second, third)
            record['side_by_side'] = self.side_by_side
            record['is_query'] = part in ('query', 'test')
            record['is_gallery'] = part in ('gallery', 'test')
        if 'unreadable' in self.leave_out:
            records, problems = self._without_unreadable(records, problems)
        if self.partners_required or 'incomplete' in self.leave_out:
            return self._without_incomplete(records, problems)
        return records, problems

    def _without_unreadable(
        self, records: list[TripletRecord], problems: list[Problem]
    ) -> tuple[list[TripletRecord], list[Problem]]:
        """Leave out what has a name or a picture that cannot be read."""
        from next_mm.utils.pictures import examine_pictures  # the decoders take memory, and only this needs them

        problems = [as_note(problem) if problem.kind == UNREADABLE_NAME else problem for problem in problems]
        paths = dict.fromkeys(path for record in records for path in record['img_paths'] if path is not None)
        damaged = {picture.path: picture.reason for picture in examine_pictures(paths) if picture.reason is not None}
        problems += [as_note(Problem(UNREADABLE_PICTURE, path, reason)) for path, reason in damaged.items()]
        return [record for record in records if not any(path in damaged for path in record['img_paths'])], problems

    def _without_incomplete(
        self, records: list[TripletRecord], problems: list[Problem]
    ) -> tuple[list[TripletRecord], list[Problem]]:
        """Name the pictures that lack; with ``leave_out`` the triplets that lack them go."""
        folders = {
            modality: folder
            for modality, folder in zip(MODALITIES, self.folders)
            if modality not in self.missing_modalities
        }
        lacking = list(missing_partners(records, folders))
        if 'incomplete' not in self.leave_out:
            return records, [*problems, *(problem for _, problem in lacking)]
        incomplete = {number for number, _ in lacking}
        whole = [record for number, record in enumerate(records) if number not in incomplete]
        return whole, [*problems, *(as_note(problem) for _, problem in lacking)]

    def _absent_modalities(self, records: Sequence[TripletRecord]) -> Iterator[Problem]:
        """Warn of modalities that have no picture in the whole split although no option says so."""
        for number, modality in enumerate(MODALITIES):
            empty = records and all(record['img_paths'][number] is None for record in records)
            if empty and modality not in self.missing_modalities:
                detail = f'expected {self.folders[number]}; missing_modalities=({modality!r},) says that it is meant'
                where = f'{self.title}, {self.split} split'
                yield Problem(f'no {modality} picture at all', where, detail, fatal=False, of_triplet=False)

    def _find_copy(
        self,
        record: TripletRecord,
        pictures: dict[tuple[str | None, ...], TripletRecord],
        names: dict[tuple[str, int | str | None], TripletRecord],
    ) -> tuple[bool, list[Problem]]:
        """Find out whether a record shows the pictures of an earlier one, which then takes over its place.

        Args:
            record: the next record of the split.
            pictures: the earlier ones by their paths; the record is added.
            names: the earlier ones by name, and by identity where names are not free; the record is added.

        Returns:
            Whether it is such a copy, and what is wrong with it.
        """
        twin = pictures.setdefault(tuple(map(_plain_path, record['img_paths'])), record)
        if twin is not record:
            if twin['identity'] == record['identity']:
                return True, list(_merge(twin, record))
            who = f'{twin["identity"]} and {record["identity"]}'
            return True, [Problem('one picture under two identities', record['name'], f'those of {who}')]
        twin = names.setdefault((record['name'], None if self.names_are_free else record['identity']), record)
        if twin is record:
            return False, []
        pairs = list(zip(twin['img_paths'], record['img_paths']))
        for one, two in pairs:
            if one is not None and two is not None and not filecmp.cmp(one, two, shallow=False):
                so = 'give one of the two another name' if self.names_are_free else 'both have the same'
                detail = f'{one} differs; captions are found by name, so {so}'
                return False, [Problem('the name of another picture', two, detail, fatal=self.names_are_free)]
        if twin['identity'] != record['identity'] or any((one is None) != (two is None) for one, two in pairs):
            return False, []
        return True, list(_merge(twin, record))

    @staticmethod
    def _with_labels(records: list[TripletRecord]) -> list[TripletRecord]:
        """Number the identities of the split in their sorted order, which is the same on every machine and rank."""
        labels = {identity: label for label, identity in enumerate(sorted({record['identity'] for record in records}))}
        for record in records:
            record['label'] = labels[record['identity']]
        return records

    def list_records(self) -> list[TripletRecord]:
        """List the records of this split; see :meth:`refuse_unsound` for what it raises."""
        records, problems = self.find_split()
        self.refuse_unsound(records, problems)
        return records

    def refuse_unsound(self, records: Sequence[TripletRecord], problems: Sequence[Problem]) -> None:
        """Refuse a split that nothing can be learnt from, or whose figures would be wrong.

        Args:
            records: of :meth:`find_split`.
            problems: likewise.

        Raises:
            FileNotFoundError: no pictures.
            DataError: any other fatal problem, or a single identity to train on.
        """
        refuse(self.title, self.split, problems, self.num_found)
        if not records:
            raise DataError(f'{self.title}: leave_out={self.leave_out} leaves no triplet of the {self.split} split')
        identities = {record['identity'] for record in records}
        if self.split == 'train' and len(identities) < 2:
            raise DataError(
                f'{self.title}: all {len(records)} training triplets show one identity ({next(iter(identities))}); '
                'telling identities apart takes at least two'
            )


def _plain_path(path: str | None) -> str | None:
    return None if path is None else os.path.normpath(path)


def _merge(twin: TripletRecord, record: TripletRecord) -> Iterator[Problem]:
    """Give the place of a copy to the record that was listed first; name a copy that says nothing new or
    contradicts.
    """
    if any(twin[key] != record[key] for key in ('camera', 'scene', 'captions')):  # type: ignore[literal-required]
        yield Problem('a triplet listed twice with different facts', record['name'], 'camera, scene or captions differ')
    places = [(twin[key], record[key]) for key in ('is_query', 'is_gallery')]  # type: ignore[literal-required]
    if all(old or not new for old, new in places):
        yield Problem('a triplet listed twice', record['name'], 'the first is kept', fatal=False)
    twin['is_query'], twin['is_gallery'] = (old or new for old, new in places)


def _unencodable_names(records: Sequence[TripletRecord]) -> Iterator[Problem]:
    """Name the records whose files' names are not UTF-8: no result or caption file could hold them."""
    for record in records:
        texts = [record['name'], str(record['identity']), *filter(None, record['img_paths'])]
        if not all(map(is_encodable, texts)):
            where = next(path for path in record['img_paths'] if path is not None)
            detail = 'rename it, for example with: convmv -r -f GBK -t UTF-8 --notest FOLDER'
            yield Problem('a name that is not UTF-8', where, detail)
