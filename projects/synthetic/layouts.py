"""The five public datasets as they are filled: real names from caption files, or names made up at the real counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from next_mm import layouts
from next_mm.captions import caption_paths, read_captions
from next_mm.errors import DataError
from next_mm.layouts import TripletLayout
from next_mm.utils.names import is_plain_name
from projects.synthetic.attributes import rng_for


@dataclass(frozen=True)
class Layout:
    """How much of a dataset there is; how it lies on disk says its layout.

    Attributes:
        base: where the pictures lie and what their names say.
        vehicle: what is in the pictures.
        size: height and width of the real pictures.
        counts: 'train', 'gallery' and, where they are pictures of their own, 'query': (identities, triplets).
        template: a made-up name of one picture.
        cameras: how many there are.
        night: finds the night flag in a name, where there is one.
        queries: how many of the gallery's pictures are also in the query folder (0: none, or none needed).
        first: the first made-up test identity.
    """

    base: type[TripletLayout]
    counts: dict[str, tuple[int, int]]
    template: str
    size: tuple[int, int]
    cameras: int
    night: re.Pattern[str] | None = None
    vehicle: bool = False
    queries: int = 0
    first: int = 1

    def folder(self, part: str) -> str:
        """Folder of 'train', 'query' or 'gallery' below that of the dataset."""
        return self.base.parts.get(part) or self.base.parts['test']


LAYOUTS = {
    'rgbnt201': Layout(
        base=layouts.RGBNT201,
        night=re.compile(r'_cam\d_(\d)'),
        size=(256, 128),
        counts={'train': (171, 3951), 'gallery': (30, 836)},
        cameras=4,
        first=258,
        template='{identity:06d}_cam{camera}_{night}_{index:02d}.jpg',
    ),
    'market_mm': Layout(
        base=layouts.MarketMM,
        size=(128, 64),
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
        base=layouts.MSVR310,
        size=(128, 256),
        vehicle=True,
        queries=591,
        counts={'train': (155, 1032), 'gallery': (155, 1055)},
        cameras=8,
        first=156,
        template='{identity:04d}_s{scene:03d}_v{view}_{index:03d}.jpg',
    ),
    'rgbnt100': Layout(
        base=layouts.RGBNT100,
        size=(128, 256),
        vehicle=True,
        queries=1715,
        counts={'train': (50, 8675), 'gallery': (50, 8575)},
        cameras=8,
        first=551,
        template='{identity:04d}_c{camera:04d}_{index:03d}.jpg',
    ),
    'wmveid863': Layout(
        base=layouts.WMVEID863,
        night=re.compile(r'_n(\d)'),
        size=(128, 256),
        vehicle=True,
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
        DataError: a name does not fit the dataset's pattern, or would lead out of its folder.
    """
    parts = {}
    for part, split in (('train', 'train'), ('gallery', 'test')):
        path = caption_paths(captions, split)[0]
        names = sorted(read_captions(path))
        for name in names:
            if not is_plain_name(name) or layout.base.read_name(name) is None:
                raise DataError(
                    f'{path}: {name!r} is not a name of this dataset, whose names look like {layout.base.example}'
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
