"""Own triplets: folders by identity, or a CSV or JSON list."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from next_mm.errors import ConfigError
from next_mm.layouts.listing import list_folders, list_pictures
from next_mm.layouts.own_list import Row, find_repeats, number_names, read_rows, resolve_paths
from next_mm.layouts.pairing import Pairing, pair_in_one_folder, pair_pictures
from next_mm.layouts.problems import Problem
from next_mm.layouts.triplet_layout import TEST_PARTS, UNREADABLE_NAME, TripletLayout
from next_mm.triplet import MODALITIES, UNKNOWN, TripletRecord, new_record


class OwnTriplets(TripletLayout):
    """Triplets of one's own; cameras, scenes, captions and up to two pictures of each triplet may be absent.

    Folders, one for each identity; ``test`` holds pictures that are both query and gallery, in place of these two::

        data/own/
            {train,query,gallery}/<identity>/{rgb,nir,tir}/<name>.jpg     or {train,test}/...
            {train,query,gallery}/<identity>/<name>_{rgb,nir,tir}.jpg     instead, where they lie in one folder
            text/{train,test}_{RGB,NI,TI}.json                            captions; "item" is <identity>/<name>.jpg

    Pictures of one triplet have the same name; suffix, letter case and the modality's own name in it may differ.

    Or a list with a row for each triplet: columns ``split`` (train, query, gallery or test), ``identity``, and any of
    ``rgb``, ``nir``, ``tir`` (paths relative to ``data_root``, empty where absent), ``camera``, ``scene``, ``name``
    (else the first picture's path), ``caption_rgb``, ``caption_nir``, ``caption_tir``. JSON is a list of objects with
    the same keys. A list cannot name files outside ``data_root``.

    Within a split a name stands for one picture; other pictures of an identity need other names.

    Args:
        list_file: CSV (``.csv``) or JSON (``.json``) list, relative to ``data_root``; ``None`` reads the folders.
        camera_pattern: expression whose first group is the camera's number in a file name; only with folders.
        scene_pattern: likewise for the scene.
        **options: see :class:`TripletLayout`.

    Raises:
        ConfigError: patterns beside a list, or a pattern that is no expression with a group.
    """

    folders = MODALITIES
    partners_required = False
    names_are_free = True
    example = '<identity>/{rgb,nir,tir}/<name>.jpg'

    def __init__(
        self,
        *,
        list_file: str | None = None,
        camera_pattern: str | None = None,
        scene_pattern: str | None = None,
        **options: Any,
    ) -> None:
        if list_file is not None and (camera_pattern, scene_pattern) != (None, None):
            raise ConfigError(
                'OwnTriplets: camera_pattern and scene_pattern are for folders; a list has columns camera and scene'
            )
        self.list_file = list_file
        self.camera_pattern = _compile('camera_pattern', camera_pattern)
        self.scene_pattern = _compile('scene_pattern', scene_pattern)
        self._rows: list[Row] | None = None
        super().__init__(**options)

    def split_parts(self) -> list[str]:
        """The parts that make up this split; ``test`` in place of query and gallery where it is what there is."""
        if self.split == 'train':
            return ['train']
        if self.list_file is None:
            there = set(list_folders(self.data_root))
        else:
            there = {str(row['split']) for row in self._read_list()}
        return [part for part in TEST_PARTS if part in there] or ['query', 'gallery']

    def find(self, part: str) -> tuple[list[TripletRecord], list[Problem]]:
        """List a part's triplets; see :meth:`TripletLayout.find`."""
        return self._find_in_folders(part) if self.list_file is None else self._find_in_list(part)

    def _find_in_folders(self, part: str) -> tuple[list[TripletRecord], list[Problem]]:
        records: list[TripletRecord] = []
        problems: list[Problem] = []
        folder = self.part_folder(part)
        for owner in list_folders(folder):
            identity = unicodedata.normalize(
                'NFC', owner
            )  # as the letters' accents are encoded differs between systems
            pairing = self._pair(os.path.join(folder, owner))
            problems += pairing.problems
            for name, paths in pairing.triplets:
                camera, scene = (_search(pattern, name) for pattern in (self.camera_pattern, self.scene_pattern))
                if camera is None or scene is None:
                    where = next(path for path in paths if path is not None)
                    detail = 'camera_pattern or scene_pattern finds no number in it'
                    problems.append(Problem(UNREADABLE_NAME, where, detail))
                else:
                    name = unicodedata.normalize('NFC', f'{identity}/{name}')
                    records.append(new_record(name, paths, identity, camera=camera, scene=scene))
        return records, problems

    def _pair(self, folder: str) -> Pairing:
        """Pair the pictures of an identity: those in the modalities' folders, else those in its own folder."""
        pairing = pair_pictures(folder, self.folders, self.missing_modalities)
        if not list_pictures(folder):
            return pairing
        beside = pair_in_one_folder(folder, self.missing_modalities)
        if not pairing.triplets:
            return replace(beside, problems=[*pairing.problems, *beside.problems])
        stray = [
            Problem('a picture outside the folders of the modalities', path, 'it is not listed', fatal=False)
            for _, paths in beside.triplets
            for path in paths
            if path
        ]
        stray += [replace(problem, fatal=False) for problem in beside.problems]
        return replace(pairing, problems=[*pairing.problems, *stray])

    def _find_in_list(self, part: str) -> tuple[list[TripletRecord], list[Problem]]:
        rows = self._read_list()
        cameras, scenes = (number_names(key, [row.get(key) for row in rows]) for key in ('camera', 'scene'))
        repeats = find_repeats(rows)
        records: list[TripletRecord] = []
        problems: list[Problem] = []
        for number, row in enumerate(rows):
            if row['split'] != part:
                continue
            where = f'{self.list_file}, row {number + 1}'
            problems += [replace(problem, where=where) for problem in repeats.problems.get(number, ())]
            paths, problem = resolve_paths(row, self.data_root, self.missing_modalities)
            if problem is not None:
                problems.append(replace(problem, where=where))
            elif number not in repeats.rows:
                name = row.get('name') or next(path for path in map(row.get, MODALITIES) if path)
                texts = row.get('caption_rgb'), row.get('caption_nir'), row.get('caption_tir')
                records.append(
                    new_record(
                        unicodedata.normalize('NFC', name),
                        paths,
                        str(row['identity']),
                        camera=cameras[row.get('camera')],
                        scene=scenes[row.get('scene')],
                        captions=texts if any(texts) else None,
                    )
                )
        return records, problems

    def _read_list(self) -> Sequence[Row]:
        if self._rows is None:
            self._rows = read_rows(os.path.join(self.data_root, str(self.list_file)))
        return self._rows


def _compile(option: str, pattern: str | None) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        compiled = re.compile(pattern)
    except (re.error, TypeError) as error:
        raise ConfigError(f'OwnTriplets.{option}={pattern!r}: expected a regular expression ({error})') from error
    if not compiled.groups:
        raise ConfigError(
            f'OwnTriplets.{option}={pattern!r}: expected an expression whose first group is the number, such as '
            "r'gate(\\d+)'; it has no group"
        )
    return compiled


def _search(pattern: re.Pattern[str] | None, name: str) -> int | None:
    """The number that a pattern finds in a name; :data:`UNKNOWN` without a pattern, ``None`` where it finds none."""
    if pattern is None:
        return UNKNOWN
    match = pattern.search(name)
    found = match.group(1) if match else None
    return int(found) if found and found.isdecimal() else None
