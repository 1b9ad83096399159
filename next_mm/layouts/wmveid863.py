"""WMVEID863 (also MSVWild863): vehicles, Zheng et al., 2025."""

from __future__ import annotations

import re

from next_mm.layouts.folder_layout import FolderLayout
from next_mm.layouts.triplet_layout import VEHICLE_FOLDERS


class WMVEID863(FolderLayout):
    """WMVEID863, 603 training and 260 test identities; the camera is the view (camera rule). ::

        data/WMVEID863/
            {train,query,test}/0258/{vis,ni,th}/0258_v2_n9_s000_022.jpg    identity, view, night flag, scene
            text/{train,test}_{RGB,NI,TI}.json                             captions

    As released it has a few names of another kind, triplets without one of their pictures, and identities in both
    splits; ``leave_out=('incomplete', 'unreadable')`` lists the rest. See :class:`TripletLayout` for the options.
    """

    parts = {'train': 'train', 'query': 'query', 'gallery': 'test'}
    folders = VEHICLE_FOLDERS
    by_identity = True
    splits_share_identities = True
    pattern = re.compile(r'(?P<identity>\d+)_v(?P<camera>\d+)_n\d+_s(?P<scene>\d+)_.+')
    example = '0258/vis/0258_v2_n9_s000_022.jpg'
