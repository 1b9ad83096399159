"""Datasets of triplets, their transforms and the identity-balanced sampler."""
from .captions import Captions, read_captions, split_sentences
from .decoding import PictureError, read_picture
from .listing import Problem, Triplet
from .market_mm import MarketMM
from .msvr310 import MSVR310
from .own_data import OwnTriplets
from .rgbnt100 import RGBNT100
from .rgbnt201 import RGBNT201
from .samplers import IdentityBatchSampler
from .seeding import SeededIndex
from .transforms import (
    DropModalities,
    EraseTriplet,
    FlipTriplet,
    LoadTriplet,
    PackTriplet,
    PadCropTriplet,
    ResizeTriplet,
    SampleSentences,
    TokenizeCaptions,
    collate_triplets,
)
from .triplet_dataset import TripletDataset
from .wmveid863 import WMVEID863

__all__ = [
    'MSVR310', 'RGBNT100', 'RGBNT201', 'WMVEID863', 'Captions', 'DropModalities', 'EraseTriplet', 'FlipTriplet',
    'IdentityBatchSampler', 'LoadTriplet', 'MarketMM', 'OwnTriplets', 'PackTriplet', 'PadCropTriplet', 'PictureError', 'Problem',
    'ResizeTriplet', 'SampleSentences', 'SeededIndex', 'TokenizeCaptions', 'Triplet', 'TripletDataset', 'collate_triplets',
    'read_captions', 'read_picture', 'split_sentences'
]
