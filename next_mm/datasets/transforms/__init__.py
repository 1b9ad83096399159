"""Transforms on triplets: each takes and returns the dict of one sample, whose pictures lie in ``results['imgs']``."""

from next_mm.datasets.transforms.augment import (
    DropModalities,
    FlipTriplet,
    PadCropTriplet,
)
from next_mm.datasets.transforms.base import TripletTransform
from next_mm.datasets.transforms.erase import EraseTriplet
from next_mm.datasets.transforms.flare import FlagFlare
from next_mm.datasets.transforms.load import LoadTriplet, ResizeTriplet
from next_mm.datasets.transforms.pack import PackTriplet, collate_triplets
from next_mm.datasets.transforms.text import DropCaptions, SampleSentences, TokenizeCaptions

__all__ = [
    'DropCaptions',
    'DropModalities',
    'EraseTriplet',
    'FlagFlare',
    'FlipTriplet',
    'LoadTriplet',
    'PackTriplet',
    'PadCropTriplet',
    'ResizeTriplet',
    'SampleSentences',
    'TokenizeCaptions',
    'TripletTransform',
    'collate_triplets',
]
