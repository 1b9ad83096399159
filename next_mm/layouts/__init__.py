"""How the datasets lie on disk. Nothing here loads torch, so that listing a dataset takes little memory."""
from .folder_layout import FolderLayout
from .listing import Problem, Triplet
from .market_mm import MarketMM
from .msvr310 import MSVR310
from .own_data import OwnTriplets
from .rgbnt100 import RGBNT100
from .rgbnt201 import RGBNT201
from .triplet_layout import TripletLayout
from .wmveid863 import WMVEID863

LAYOUTS: dict[str, type[TripletLayout]] = {
    layout.__name__: layout for layout in (MSVR310, RGBNT100, RGBNT201, WMVEID863, MarketMM, OwnTriplets)}
"""Layout of each dataset class of :mod:`next_mm.datasets`, by its name."""

__all__ = [
    'LAYOUTS', 'MSVR310', 'RGBNT100', 'RGBNT201', 'WMVEID863', 'FolderLayout', 'MarketMM', 'OwnTriplets', 'Problem', 'Triplet',
    'TripletLayout'
]
