"""What the files of the five public datasets are called: real names from caption files, or names made
up at the real counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from next_mm.captions import read_captions
from projects.synthetic.attributes import rng_for

CAPTION_SUFFIXES = ('RGB', 'NI', 'TI')  # of persons and vehicles alike
_PERSON_FOLDERS, _VEHICLE_FOLDERS = ('RGB', 'NI', 'TI'), ('vis', 'ni', 'th')


@dataclass(frozen=True)
class Layout:
    """How a dataset lies on disk.

    Attributes:
        folders: name of each modality.
        pattern: reads ``identity``, ``camera`` and, where there is one, ``night`` out of a name.
        parts: folder of 'train', 'query' and 'gallery'; without 'query' all of the gallery is asked.
        by_identity: whether each identity has a folder. side_by_side: whether one file holds the three pictures.
        vehicle: what is in the pictures. size: height and width of the real pictures.
        queries: how many of the gallery's pictures are also in the query folder (0: none, or none needed).
        counts: 'train', 'gallery' and, where they are pictures of their own, 'query': (identities, triplets).
        template: a made-up name of one picture; ``first`` is the first made-up test identity.
    """

    folders: tuple[str, str, str]
    pattern: re.Pattern[str]
    parts: dict[str, str]
    counts: dict[str, tuple[int, int]]
    template: str
    size: tuple[int, int]
    cameras: int
    by_identity: bool = False
    side_by_side: bool = False
    vehicle: bool = False
    queries: int = 0
    first: int = 1


LAYOUTS = {
    'rgbnt201': Layout(
        folders=_PERSON_FOLDERS,
        pattern=re.compile(r'(?P<identity>\d{6})_cam(?P<camera>\d)_(?P<night>\d).*'),
        size=(256, 128),
        parts={'train': 'train_171', 'gallery': 'test'},
        counts={'train': (171, 3951), 'gallery': (30, 836)},
        cameras=4,
        first=258,
        template='{identity:06d}_cam{camera}_{night}_{index:02d}.jpg',
    ),
    'market_mm': Layout(
        folders=_PERSON_FOLDERS,
        pattern=re.compile(r'(?P<identity>-1|\d{4})_c(?P<camera>\d)s\d_.*'),
        size=(128, 64),
        parts={'train': 'train', 'query': 'query', 'gallery': 'gallery'},
        cameras=6,
        first=752,
        counts={
            'train': (751, 12936),
            'query': (750, 3368),
            'gallery': (750, 13115),
            'distractor': (1, 2798),
            'junk': (1, 3819),
        },
        template='{identity:04d}_c{camera}s{scene}_{index:06d}_{part:02d}.jpg',
    ),
    'msvr310': Layout(
        folders=_VEHICLE_FOLDERS,
        pattern=re.compile(r'(?P<identity>\d{4})_s\d+_v(?P<camera>\d).*'),
        size=(128, 256),
        vehicle=True,
        parts={'train': 'bounding_box_train', 'query': 'query3', 'gallery': 'bounding_box_test'},
        by_identity=True,
        queries=591,
        counts={'train': (155, 1032), 'gallery': (155, 1055)},
        cameras=8,
        first=156,
        template='{identity:04d}_s{scene:03d}_v{view}_{index:03d}.jpg',
    ),
    'rgbnt100': Layout(
        folders=_PERSON_FOLDERS,
        pattern=re.compile(r'(?P<identity>\d{4})_c(?P<camera>\d{4})_.*'),
        size=(128, 256),
        vehicle=True,
        parts={'train': 'rgbir/bounding_box_train', 'query': 'rgbir/query', 'gallery': 'rgbir/bounding_box_test'},
        side_by_side=True,
        queries=1715,
        counts={'train': (50, 8675), 'gallery': (50, 8575)},
        cameras=8,
        first=551,
        template='{identity:04d}_c{camera:04d}_{index:03d}.jpg',
    ),
    'wmveid863': Layout(
        folders=_VEHICLE_FOLDERS,
        pattern=re.compile(r'(?P<identity>\d{4})_v(?P<camera>\d)_n(?P<night>\d).*'),
        size=(128, 256),
        vehicle=True,
        parts={'train': 'train', 'query': 'query', 'gallery': 'test'},
        by_identity=True,
        queries=959,
        counts={'train': (603, 3482), 'gallery': (260, 1226)},
        cameras=8,
        first=604,
        template='{identity:04d}_v{view}_n{night}_s{scene:03d}_{index:03d}.jpg',
    ),
}


def caption_names(layout: Layout, captions: Path) -> dict[str, list[str]]:
    """Names of each part, as the caption files of the RGB pictures list them.

    Raises:
        FileNotFoundError: a caption file is missing.
        ValueError: a name does not fit the dataset's pattern.
    """
    parts = {}
    for part, split in (('train', 'train'), ('gallery', 'test')):
        path = captions / f'{split}_{CAPTION_SUFFIXES[0]}.json'
        names = sorted(read_captions(path))
        for name in names:
            if layout.pattern.fullmatch(Path(name).stem) is None:
                raise ValueError(
                    f'{path}: {name} is not a name of this dataset, whose names look like {_example(layout)}'
                )
        parts[part] = names
    return _with_queries(layout, parts)


def made_up_names(layout: Layout) -> dict[str, list[str]]:
    """Names after the dataset's pattern, as many as the real dataset has; distractors and junk are in the gallery."""
    parts: dict[str, list[str]] = {}
    for part, (identities, triplets) in layout.counts.items():
        first = {'train': 1, 'distractor': 0, 'junk': -1}.get(part, layout.first)
        folder = 'gallery' if part in ('distractor', 'junk') else part
        parts.setdefault(folder, []).extend(_names(layout, part, first, identities, triplets))
    return _with_queries(layout, parts)


def _names(layout: Layout, part: str, first: int, identities: int, triplets: int) -> Iterator[str]:
    number = list(layout.counts).index(part)
    for index in range(triplets):
        identity, turn = first + index % identities, index // identities
        # Two cameras, views and scenes at least for each identity, or its queries would have no match.
        spot = (identity + turn) % layout.cameras
        name = layout.template.format(
            identity=identity, camera=1 + spot, view=spot, scene=1 + turn % 4, night=turn % 2, index=turn, part=number
        )
        yield name.replace('-001_', '-1_', 1)  # as Market-1501 writes its junk


def _with_queries(layout: Layout, parts: dict[str, list[str]]) -> dict[str, list[str]]:
    if layout.queries:
        gallery = parts['gallery']
        chosen = rng_for(11).choice(len(gallery), min(layout.queries, len(gallery)), replace=False)
        parts = {**parts, 'query': [gallery[index] for index in np.sort(chosen)]}
    return parts


def _example(layout: Layout) -> str:
    return next(_names(layout, 'train', 1, 1, 1))
