"""Transforms on triplets: each takes and returns the dict of one sample, whose pictures lie in ``results['imgs']``."""
from .augment import DropModalities, EraseTriplet, FlipTriplet, PadCropTriplet, TripletTransform
from .load import LoadTriplet, ResizeTriplet
from .pack import PackTriplet, collate_triplets
from .text import SampleSentences, TokenizeCaptions

__all__ = [
    'DropModalities', 'EraseTriplet', 'FlipTriplet', 'LoadTriplet', 'PackTriplet', 'PadCropTriplet', 'ResizeTriplet',
    'SampleSentences', 'TokenizeCaptions', 'TripletTransform', 'collate_triplets'
]
