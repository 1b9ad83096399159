"""Datasets of triplets, their transforms and the identity-balanced sampler."""

from next_mm.datasets.decoding import PictureError, read_picture
from next_mm.datasets.registered import MSVR310, RGBNT100, RGBNT201, WMVEID863, MarketMM, OwnTriplets
from next_mm.datasets.samplers import IdentityBatchSampler
from next_mm.datasets.seeding import SeededIndex
from next_mm.datasets.transforms import (
    DropModalities,
    EraseTriplet,
    FlagFlare,
    FlipTriplet,
    LoadTriplet,
    PackTriplet,
    PadCropTriplet,
    ResizeTriplet,
    SampleSentences,
    TokenizeCaptions,
    collate_triplets,
)
from next_mm.datasets.triplet_dataset import TripletDataset

__all__ = [
    'MSVR310',
    'RGBNT100',
    'RGBNT201',
    'WMVEID863',
    'DropModalities',
    'EraseTriplet',
    'FlagFlare',
    'FlipTriplet',
    'IdentityBatchSampler',
    'LoadTriplet',
    'MarketMM',
    'OwnTriplets',
    'PackTriplet',
    'PadCropTriplet',
    'PictureError',
    'ResizeTriplet',
    'SampleSentences',
    'SeededIndex',
    'TokenizeCaptions',
    'TripletDataset',
    'collate_triplets',
    'read_picture',
]
