"""How the datasets lie on disk. Nothing here loads torch, so that listing a dataset takes little memory."""

from next_mm.layouts.folder_layout import FolderLayout
from next_mm.layouts.market_mm import MarketMM
from next_mm.layouts.msvr310 import MSVR310
from next_mm.layouts.own_data import OwnTriplets
from next_mm.layouts.problems import Problem, refuse
from next_mm.layouts.rgbnt100 import RGBNT100
from next_mm.layouts.rgbnt201 import RGBNT201
from next_mm.layouts.triplet_layout import TripletLayout
from next_mm.layouts.wmveid863 import WMVEID863

LAYOUTS: dict[str, type[TripletLayout]] = {
    layout.__name__: layout for layout in (MSVR310, RGBNT100, RGBNT201, WMVEID863, MarketMM, OwnTriplets)
}
"""Layout of each dataset class of :mod:`next_mm.datasets`, by its name."""

__all__ = [
    'LAYOUTS',
    'MSVR310',
    'RGBNT100',
    'RGBNT201',
    'WMVEID863',
    'FolderLayout',
    'MarketMM',
    'OwnTriplets',
    'Problem',
    'TripletLayout',
    'refuse',
]
