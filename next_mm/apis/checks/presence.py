"""Whether the data of a config are there, looked for before a model is built and its weights are fetched."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.config import Config

from next_mm.datasets import TripletDataset
from next_mm.registry import DATASETS

__all__ = ['check_presence']


def check_presence(cfg: Config, loops: Sequence[str]) -> None:
    """List the triplets of the loops that will run; nothing is decoded.

    Args:
        cfg: a checked config.
        loops: some of ``'train'``, ``'val'``, ``'test'``; one without a data loader is left out.

    Raises:
        DataError: there are triplets that cannot be used.
        FileNotFoundError: there are none.
    """
    seen: list[dict] = []
    for loop in loops:
        loader = cfg.get(f'{loop}_dataloader')
        if loader is None:
            continue
        config = {**loader.dataset, 'pipeline': [], 'lazy_init': True}
        if config in seen:
            continue
        seen.append(config)
        dataset = DATASETS.build(config)
        if isinstance(dataset, TripletDataset):
            dataset.layout.refuse_unsound(*dataset.layout.find_split())
