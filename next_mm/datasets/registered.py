"""The layouts of :mod:`next_mm.layouts` as datasets of MMEngine; options and folders are described there."""

from __future__ import annotations

from next_mm import layouts
from next_mm.datasets.triplet_dataset import TripletDataset
from next_mm.registry import DATASETS


@DATASETS.register_module()
class RGBNT201(TripletDataset):
    """RGBNT201: persons, Zheng et al., AAAI 2021."""

    layout_class = layouts.RGBNT201


@DATASETS.register_module()
class MarketMM(TripletDataset):
    """Market-MM: Market-1501 with generated NIR and TIR pictures."""

    layout_class = layouts.MarketMM


@DATASETS.register_module()
class RGBNT100(TripletDataset):
    """RGBNT100: vehicles, Li et al., AAAI 2020."""

    layout_class = layouts.RGBNT100


@DATASETS.register_module()
class MSVR310(TripletDataset):
    """MSVR310: vehicles, Zheng et al., Information Fusion 2023."""

    layout_class = layouts.MSVR310


@DATASETS.register_module()
class WMVEID863(TripletDataset):
    """WMVEID863 (also MSVWild863): vehicles, Zheng et al., 2025."""

    layout_class = layouts.WMVEID863


@DATASETS.register_module()
class OwnTriplets(TripletDataset):
    """Triplets of one's own: folders by identity, or a CSV or JSON list."""

    layout_class = layouts.OwnTriplets
