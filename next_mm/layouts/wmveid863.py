"""WMVEID863 (also MSVWild863): vehicles, Zheng et al., 2025."""

from __future__ import annotations

import re

from next_mm.layouts.folder_layout import FolderLayout


class WMVEID863(FolderLayout):
    """WMVEID863, 603 training and 260 test identities; the camera is the view (camera rule). ::

        data/WMVEID863/
            {train,query,test}/0258/{vis,ni,th}/0258_v2_n9_s000_022.jpg    identity, view, night flag, scene
            text/{train,test}_{RGB,NI,TI}.json                             captions

    See :class:`TripletLayout` for the options.
    """

    parts = {'train': 'train', 'query': 'query', 'gallery': 'test'}
    folders = ('vis', 'ni', 'th')
    by_identity = True
    pattern = re.compile(r'(?P<identity>\d+)_v(?P<camera>\d+)_n\d+_s(?P<scene>\d+)_.+')
    example = '0258/vis/0258_v2_n9_s000_022.jpg'
