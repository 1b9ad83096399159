"""Layouts whose modalities lie in folders of their own and whose names say identity, camera and scene."""

from __future__ import annotations

import os
import re
from typing import ClassVar

from next_mm.layouts.listing import Problem, Triplet, list_folders, pair_by_name
from next_mm.layouts.triplet_layout import TripletLayout
from next_mm.triplet import UNKNOWN


class FolderLayout(TripletLayout):
    """A public dataset: a part's folder holds one folder for each modality, or such a set of folders for each identity.

    Class attributes say how: ``parts`` (folder of each part), ``folders`` (of the modalities), ``by_identity``, and
    ``pattern``, whose groups ``identity``, ``camera`` and ``scene`` are numbers in a picture's name.
    """

    pattern: ClassVar[re.Pattern[str]]
    by_identity: ClassVar[bool] = False

    def find(self, part: str) -> tuple[list[Triplet], list[Problem]]:
        """List a part's triplets; see :meth:`TripletLayout.find`."""
        folder = self.part_folder(part)
        owners: list[str | None] = [*list_folders(folder)] if self.by_identity else [None]
        triplets: list[Triplet] = []
        problems: list[Problem] = []
        for owner in owners:
            parent = os.path.join(folder, owner) if owner else folder
            for name, paths in pair_by_name(parent, self.folders, self.missing_modalities):
                where = next(path for path in paths if path is not None)
                facts = read_name(self.pattern, name)
                if facts is None:
                    problems.append(Problem('a name that cannot be read', where, f'expected names like {self.example}'))
                elif owner is not None and owner.isdecimal() and int(owner) != facts['identity']:
                    problems.append(
                        Problem('names of another identity', where, f'expected identity {owner}, as its folder')
                    )
                else:
                    triplets.append(Triplet(name, paths, facts['identity'], facts['camera'], facts['scene']))
        return triplets, problems


def read_name(pattern: re.Pattern[str], name: str) -> dict[str, int] | None:
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
    return {key: int(found[key]) if found.get(key) is not None else UNKNOWN for key in ('identity', 'camera', 'scene')}
