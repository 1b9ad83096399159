"""Layouts whose modalities lie in folders of their own and whose names say identity, camera and scene."""

from __future__ import annotations

import os

from next_mm.layouts.listing import list_folders
from next_mm.layouts.pairing import pair_pictures
from next_mm.layouts.problems import Problem
from next_mm.layouts.triplet_layout import TripletLayout
from next_mm.triplet import TripletRecord, new_record


class FolderLayout(TripletLayout):
    """A public dataset: a part's folder holds one folder for each modality, or such a set of folders for each
    identity.
    """

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
                facts = self.read_name(name)
                if facts is None:
                    problems.append(self.unreadable_name(where))
                elif owner is not None and owner.isdecimal() and int(owner) != facts['identity']:
                    detail = f'expected identity {owner}, as its folder'
                    problems.append(Problem('names of another identity', where, detail))
                else:
                    records.append(new_record(name, paths, **facts))
        return records, problems
