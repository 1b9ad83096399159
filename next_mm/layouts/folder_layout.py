"""Layouts whose modalities lie in folders of their own and whose names say identity, camera and scene."""

from __future__ import annotations

import os
import re
from typing import ClassVar, TypedDict

from next_mm.layouts.listing import list_folders
from next_mm.layouts.pairing import pair_pictures
from next_mm.layouts.problems import Problem
from next_mm.layouts.triplet_layout import TripletLayout
from next_mm.triplet import UNKNOWN, TripletRecord, new_record


class Facts(TypedDict):
    """What a picture's name says."""

    identity: int
    camera: int
    scene: int


class FolderLayout(TripletLayout):
    """A public dataset: a part's folder holds one folder for each modality, or such a set of folders for each identity.

    Class attributes say how: ``parts`` (folder of each part), ``folders`` (of the modalities), ``by_identity``, and
    ``pattern``, whose groups ``identity``, ``camera`` and ``scene`` are numbers in a picture's name.
    """

    pattern: ClassVar[re.Pattern[str]]
    by_identity: ClassVar[bool] = False

    def find(self, part: str) -> tuple[list[TripletRecord], list[Problem]]:
        """List a part's triplets; see :meth:`TripletLayout.find`."""
        folder = self.part_folder(part)
        owners: list[str | None] = [*list_folders(folder)] if self.by_identity else [None]
        records: list[TripletRecord] = []
        problems: list[Problem] = []
        for owner in owners:
            parent = os.path.join(folder, owner) if owner else folder
            pairing = pair_pictures(parent, self.folders, self.missing_modalities)
            problems += pairing.problems
            for name, paths in pairing.triplets:
                where = next(path for path in paths if path is not None)
                facts = read_name(self.pattern, name)
                if facts is None:
                    problems.append(self.unreadable_name(where))
                elif owner is not None and owner.isdecimal() and int(owner) != facts['identity']:
                    problems.append(
                        Problem('names of another identity', where, f'expected identity {owner}, as its folder')
                    )
                else:
                    records.append(new_record(name, paths, **facts))
        return records, problems


def read_name(pattern: re.Pattern[str], name: str) -> Facts | None:
    """Read identity, camera and scene out of a picture's name.

    Args:
        pattern: expression for the whole stem, with any of the groups ``identity``, ``camera``, ``scene``.
        name: file name with its suffix.

    Returns:
        The numbers, :data:`UNKNOWN` for what the pattern does not have; ``None`` if the name does not match.
    """
    match = pattern.fullmatch(os.path.splitext(name)[0])
    if match is None:
        return None
    found = match.groupdict()
    identity, camera, scene = (UNKNOWN if found.get(key) is None else int(found[key]) for key in Facts.__annotations__)
    return Facts(identity=identity, camera=camera, scene=scene)
