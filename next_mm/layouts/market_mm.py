"""Market-MM: Market-1501 with generated NIR and TIR pictures."""

from __future__ import annotations

import re

from next_mm.layouts.folder_layout import FolderLayout
from next_mm.layouts.problems import Problem
from next_mm.triplet import TripletRecord

JUNK = -1
"""Identity of Market-1501's bad detections, which are never ranked. Distractors have identity 0: in the
gallery, never a match."""


class MarketMM(FolderLayout):
    """Market-MM, 751 training and 750 test identities (camera rule). ::

        data/Market-1501-RGBNT/
            {train,query,gallery}/{RGB,NI,TI}/0002_c1s1_000451_03.jpg   identity, camera, sequence, ...
            text/{train,test}_{RGB,NI,TI}.json                          captions, see docs/captions.md

    See :class:`TripletLayout` for the options.
    """

    parts = {'train': 'train', 'query': 'query', 'gallery': 'gallery'}
    pattern = re.compile(r'(?P<identity>-1|\d{4})_c(?P<camera>\d)s(?P<scene>\d)_.+')
    example = '0002_c1s1_000451_03.jpg'

    def find(self, part: str) -> tuple[list[TripletRecord], list[Problem]]:
        """List a part's triplets without junk; see :meth:`TripletLayout.find`."""
        records, problems = super().find(part)
        return [record for record in records if record['identity'] != JUNK], problems
