"""RGBNT100: vehicles, Li et al., AAAI 2020."""

from __future__ import annotations

import os
import re

from next_mm.layouts.listing import list_pictures
from next_mm.layouts.problems import Problem
from next_mm.layouts.triplet_layout import TripletLayout
from next_mm.triplet import TripletRecord, new_record


class RGBNT100(TripletLayout):
    """RGBNT100, 50 training and 50 test identities (camera rule); one file holds RGB, NI and TI from left to right. ::

        data/RGBNT100/
            rgbir/{bounding_box_train,query,bounding_box_test}/0561_c0001_006.jpg    identity, camera; 768 x 128 (w x h)
            text/{train,test}_{RGB,NI,TI}.json                                       captions, see docs/captions.md

    See :class:`TripletLayout` for the options.
    """

    parts = {'train': 'rgbir/bounding_box_train', 'query': 'rgbir/query', 'gallery': 'rgbir/bounding_box_test'}
    pattern = re.compile(r'(?P<identity>\d+)_c(?P<camera>\d+)_.+')
    side_by_side = True
    partners_required = False  # the three are one file
    example = '0561_c0001_006.jpg'

    def find(self, part: str) -> tuple[list[TripletRecord], list[Problem]]:
        """List a part's triplets; see :meth:`TripletLayout.find`."""
        folder = self.part_folder(part)
        records: list[TripletRecord] = []
        problems: list[Problem] = []
        for name in sorted(list_pictures(folder)):
            path = os.path.join(folder, name)
            facts = self.read_name(name)
            if facts is None:
                problems.append(self.unreadable_name(path))
            else:
                records.append(new_record(name, (path, path, path), **facts))
        return records, problems
