"""Show what a model sees in training: triplets behind the transforms of a config, with their captions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope

from next_mm.apis.training import prepare
from next_mm.datasets import PackTriplet, TripletDataset
from next_mm.datasets.seeding import seeded
from next_mm.errors import ConfigError, DataError
from next_mm.registry import DATASETS
from next_mm.triplet import UNKNOWN, TripletRecord
from next_mm.utils.options import check_integer
from next_mm.visualization.contact_sheet import SheetCell, draw_contact_sheet

__all__ = ['draw_samples']


def draw_samples(
    cfg: Config,
    *,
    loop: str = 'train',
    num_samples: int = 6,
    num_views: int = 3,
    names: Sequence[str] = (),
    seed: int = 0,
) -> np.ndarray:
    """Draw triplets of a config: as they lie on disk, then as the transforms change them.

    Args:
        cfg: a config as :func:`next_mm.apis.load_config` returns it.
        loop: ``'train'``, ``'val'`` or ``'test'``: whose dataset and transforms.
        num_samples: triplets, of different identities while there are that many.
        num_views: draws of the transforms for each.
        names: these triplets instead, by name.
        seed: of the choice and of the transforms.

    Returns:
        (H, W, 3) uint8 RGB picture.

    Raises:
        ConfigError: the loop has no data.
        DataError: there is no triplet of such a name.
    """
    check_integer('num_samples', num_samples, 1)
    check_integer('num_views', num_views, 0)
    loader = cfg.get(f'{loop}_dataloader')
    if loader is None:
        raise ConfigError(f'{loop}_dataloader: None; expected the data that are to be shown')
    if not Path(loader.dataset.get('data_root', '')).exists():
        prepare(cfg)  # what the config makes itself, such as the synthetic data
    init_default_scope(cfg.get('default_scope', 'next_mm'))
    dataset: TripletDataset = DATASETS.build({**loader.dataset, 'cache_gib': 0})
    rows = []
    for index in _choose(dataset, num_samples, names, seed):
        record = dataset.get_data_info(index)
        views = [_changed(dataset, index, view, seed) for view in range(num_views)]
        rows.append([_original(dataset, record), *views])
    kind = ' (synthetic)' if dataset.metainfo.get('synthetic') else ''
    title = f'{dataset.title}{kind}, {dataset.split} split: on disk, and as the transforms draw it'
    return draw_contact_sheet(title, rows)


def _choose(dataset: TripletDataset, number: int, names: Sequence[str], seed: int) -> list[int]:
    """Choose triplets by name, or at random: another identity each time, until all had their turn."""
    if names:
        places = {dataset.get_data_info(index)['name']: index for index in range(len(dataset))}
        unknown = [name for name in names if name not in places]
        if unknown:
            raise DataError(
                f'{dataset.title}: no {dataset.split} triplet {unknown[0]!r}; one is {next(iter(places))!r}'
            )
        return [places[name] for name in names]
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(dataset))
    turns = np.zeros(len(dataset), np.int64)
    seen: dict[int, int] = {}
    for index in order:
        label = int(dataset.labels[index])
        turns[index] = seen[label] = seen.get(label, -1) + 1
    return sorted(order.tolist(), key=turns.__getitem__)[:number]


def _original(dataset: TripletDataset, record: TripletRecord) -> SheetCell:
    facts = [f'identity {record["identity"]}']
    facts += [f'{key} {number}' for key, number in _numbers(record) if number != UNKNOWN]
    pictures = dataset.load.read(record['img_paths'], side_by_side=record['side_by_side'])
    return SheetCell(pictures, f'{record["name"]}: {", ".join(facts)}', record['captions'] or (None, None, None))


def _numbers(record: TripletRecord) -> list[tuple[str, int]]:
    return [('camera', record['camera']), ('scene', record['scene'])]


def _changed(dataset: TripletDataset, index: int, view: int, seed: int) -> SheetCell:
    results: dict[str, Any] = dict(dataset.get_data_info(index))
    with seeded(int(np.random.SeedSequence((seed, index, view)).generate_state(1)[0])):
        for transform in dataset.pipeline.transforms:
            if not isinstance(transform, PackTriplet):
                results = transform(results)
    sampled = results['sentences'][0] if 'sentences' in results else ((),) * 3
    captions = [
        ' '.join(kept) if picture is not None and kept else None for kept, picture in zip(sampled, results['imgs'])
    ]
    return SheetCell(results['imgs'], f'draw {view + 1}', captions)
