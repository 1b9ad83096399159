"""RGBNT201: persons, Zheng et al., AAAI 2021."""

from __future__ import annotations

import re

from next_mm.layouts.folder_layout import FolderLayout


class RGBNT201(FolderLayout):
    """RGBNT201, 171 training and 30 test identities; query and gallery are all test triplets (camera rule). ::

        data/RGBNT201/
            train_171/{RGB,NI,TI}/000030_cam1_1_12.jpg      identity, camera, ...
            test/{RGB,NI,TI}/000258_cam1_0_00.jpg
            text/{train,test}_{RGB,NI,TI}.json              captions

    See :class:`TripletLayout` for the options.
    """

    parts = {'train': 'train_171', 'test': 'test'}
    pattern = re.compile(r'(?P<identity>\d{6})_cam(?P<camera>\d+)_.+')
    example = '000030_cam1_1_12.jpg'
