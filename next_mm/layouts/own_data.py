"""Own triplets: folders by identity, or a CSV or JSON list."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

from next_mm.errors import ConfigError
from next_mm.layouts.listing import Problem, Triplet, list_folders, pair_by_name
from next_mm.layouts.own_list import number_names, read_rows, row_problem
from next_mm.layouts.triplet_layout import TripletLayout
from next_mm.triplet import MODALITIES, UNKNOWN


class OwnTriplets(TripletLayout):
    """Triplets of one's own; cameras, scenes, captions and up to two pictures of each triplet may be absent.

    Folders, one for each identity; ``test`` holds pictures that are query and gallery at once, and
    stands in for these two::

        data/own/
            {train,query,gallery}/<identity>/{rgb,nir,tir}/<name>.jpg     or {train,test}/...
            text/{train,test}_{RGB,NI,TI}.json                            captions; "item" is <identity>/<name>.jpg

    Or a list with a row for each triplet: columns ``split`` (train, query, gallery or test), ``identity``, and any of
    ``rgb``, ``nir``, ``tir`` (paths relative to ``data_root``, empty where absent), ``camera``, ``scene``, ``name``
    (else the first picture's path), ``caption_rgb``, ``caption_nir``, ``caption_tir``. JSON is a list of objects with
    the same keys.

    Within a split a name stands for one picture; other pictures of an identity need other names.

    Args:
        list_file: CSV (``.csv``) or JSON (``.json``) list, relative to ``data_root``; ``None`` reads the folders.
        camera_pattern: expression whose first group is the camera's number in a file name; only with folders.
        scene_pattern: likewise for the scene.
        **options: see :class:`TripletLayout`.

    Raises:
        ConfigError: patterns beside a list, or a pattern that is no expression with a group.
    """

    folders = ('rgb', 'nir', 'tir')
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
        self._rows: list[dict[str, str | None]] | None = None
        super().__init__(**options)

    def split_parts(self) -> list[str]:
        """The parts that make up this split; ``test`` in place of query and gallery where it is what there is."""
        if self.split == 'train':
            return ['train']
        there = (
            set(list_folders(self.data_root)) if self.list_file is None else {row['split'] for row in self._read_list()}
        )
        parts = [part for part in ('query', 'gallery', 'test') if part in there]
        return parts or ['query', 'gallery']

    def find(self, part: str) -> tuple[list[Triplet], list[Problem]]:
        """List a part's triplets; see :meth:`TripletLayout.find`."""
        return self._find_in_folders(part) if self.list_file is None else self._find_in_list(part)

    def _find_in_folders(self, part: str) -> tuple[list[Triplet], list[Problem]]:
        triplets: list[Triplet] = []
        problems: list[Problem] = []
        folder = self.part_folder(part)
        for identity in list_folders(folder):
            for name, paths in pair_by_name(os.path.join(folder, identity), self.folders, self.missing_modalities):
                numbers = [_search(pattern, name) for pattern in (self.camera_pattern, self.scene_pattern)]
                if None in numbers:
                    where = next(path for path in paths if path is not None)
                    problems.append(
                        Problem(
                            'a name that cannot be read', where, 'camera_pattern or scene_pattern finds no number in it'
                        )
                    )
                else:
                    camera, scene = numbers
                    triplets.append(Triplet(f'{identity}/{name}', paths, identity, camera, scene))  # type: ignore[arg-type]
        return triplets, problems

    def _find_in_list(self, part: str) -> tuple[list[Triplet], list[Problem]]:
        rows = self._read_list()
        cameras, scenes = (number_names([row.get(key) for row in rows]) for key in ('camera', 'scene'))
        triplets: list[Triplet] = []
        problems: list[Problem] = []
        for number, row in enumerate(rows):
            if row['split'] != part:
                continue
            problem = row_problem(row, self.data_root, self.missing_modalities)
            if problem:
                problems.append(Problem(problem[0], f'{self.list_file}, row {number + 1}', problem[1]))
                continue
            first, second, third = (
                os.path.join(self.data_root, path) if path else None for path in map(row.get, MODALITIES)
            )
            name = row.get('name') or next(path for path in map(row.get, MODALITIES) if path)
            texts = row.get('caption_rgb'), row.get('caption_nir'), row.get('caption_tir')
            triplets.append(
                Triplet(
                    name,
                    (first, second, third),
                    str(row['identity']),
                    cameras[row.get('camera')],
                    scenes[row.get('scene')],
                    texts if any(texts) else None,
                )
            )
        return triplets, problems

    def _read_list(self) -> Sequence[dict[str, str | None]]:
        if self._rows is None:
            self._rows = read_rows(os.path.join(self.data_root, str(self.list_file)))
        return self._rows


def _compile(option: str, pattern: str | None) -> re.Pattern[str] | None:
    if pattern is None:
        return None
    try:
        compiled = re.compile(pattern)
    except (re.error, TypeError) as error:
        raise ConfigError(f'OwnTriplets: {option}: expected a regular expression, got {pattern!r} ({error})') from error
    if not compiled.groups:
        raise ConfigError(
            f"OwnTriplets: {option}: expected an expression whose first group is the number, such as r'gate(\\d+)', "
            f'got {pattern!r}, which has no group'
        )
    return compiled


def _search(pattern: re.Pattern[str] | None, name: str) -> int | None:
    """The number that a pattern finds in a name; :data:`UNKNOWN` without a pattern, ``None`` where it finds none."""
    if pattern is None:
        return UNKNOWN
    match = pattern.search(name)
    found = match.group(1) if match else None
    return int(found) if found and found.isdecimal() else None
