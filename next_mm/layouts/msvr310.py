"""MSVR310: vehicles, Zheng et al., Information Fusion 2023."""

from __future__ import annotations

import re

from next_mm.layouts.folder_layout import FolderLayout
from next_mm.layouts.triplet_layout import VEHICLE_FOLDERS


class MSVR310(FolderLayout):
    """MSVR310, 155 training and 155 test identities; the camera is the view, and the scene rule holds. ::

        data/MSVR310/
            {bounding_box_train,query3,bounding_box_test}/0038/{vis,ni,th}/0038_s014_v7_003.jpg    identity, scene, view
            text/{train,test}_{RGB,NI,TI}.json                                                     captions

    See :class:`TripletLayout` for the options.
    """

    parts = {'train': 'bounding_box_train', 'query': 'query3', 'gallery': 'bounding_box_test'}
    folders = VEHICLE_FOLDERS
    by_identity = True
    pattern = re.compile(r'(?P<identity>\d+)_s(?P<scene>\d+)_v(?P<camera>\d+)_.+')
    example = '0038/vis/0038_s014_v7_003.jpg'
