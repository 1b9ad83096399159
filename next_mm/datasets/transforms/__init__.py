"""Transforms on triplets: each takes and returns the dict of one sample, whose pictures lie in ``results['imgs']``."""

from next_mm.datasets.transforms.augment import (
    DropModalities,
    EraseTriplet,
    FlipTriplet,
    PadCropTriplet,
    TripletTransform,
)
from next_mm.datasets.transforms.load import LoadTriplet, ResizeTriplet
from next_mm.datasets.transforms.pack import PackTriplet, collate_triplets
from next_mm.datasets.transforms.text import SampleSentences, TokenizeCaptions

__all__ = [
    'DropModalities',
    'EraseTriplet',
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
