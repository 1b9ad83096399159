"""Drawing a rank list: the query and what was found, all three modalities, right and wrong told by frame and mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from next_mm.registry import TRANSFORMS
from next_mm.triplet import MODALITIES

__all__ = ['QueryPictures', 'RankedTriplet', 'draw_rank_list']

_GREEN, _RED, _BLACK, _GREY, _WHITE = (0, 140, 60), (205, 30, 30), (20, 20, 20), (225, 225, 225), (255, 255, 255)
_GAP, _FRAME, _TEXT, _LEFT, _HEAD = 6, 4, 15, 40, 52


@dataclass
class RankedTriplet:
    """One column of a rank list.

    Attributes:
        pictures: three (H, W, 3) uint8 RGB arrays in the order of the modalities, ``None`` for one that is absent.
        label: text above the column, such as the identity.
        note: second line, such as the distance.
        correct: whether it is of the query's identity; ``None`` for the query itself.
    """

    pictures: Sequence[np.ndarray | None]
    label: str
    note: str = ''
    correct: bool | None = None


def draw_rank_list(title: str, columns: Sequence[RankedTriplet], *, height: int = 128) -> np.ndarray:
    """Draw a query and its ranked gallery entries side by side.

    Args:
        title: text on top.
        columns: the query first, then the entries, nearest first.
        height: height of one picture in pixels; widths follow the pictures.

    Returns:
        (H, W, 3) uint8 RGB picture.

    Raises:
        ValueError: no column, or no picture in any of them.
    """
    shapes = [picture.shape for column in columns for picture in column.pictures if picture is not None]
    if not shapes:
        raise ValueError(f'rank list {title!r}: expected pictures, got none')
    ratio = float(np.median([shape[1] / shape[0] for shape in shapes]))
    cell = (max(round(height * ratio), 76), height)  # the text above a column needs its width
    step = (cell[0] + 2 * _FRAME + _GAP, cell[1] + 2 * _FRAME + _GAP)
    top = _HEAD + _TEXT
    size = (_LEFT + len(columns) * step[0] + 3 * _GAP, top + len(MODALITIES) * step[1])
    canvas = Image.new('RGB', size, _WHITE)
    draw = ImageDraw.Draw(canvas)
    draw.text((_GAP, 5), title, fill=_BLACK, font=_font(15))
    for row, name in enumerate(MODALITIES):
        draw.text((_GAP, top + row * step[1] + cell[1] // 2), name.upper(), fill=_BLACK, font=_font(13))
    for index, column in enumerate(columns):
        left = _LEFT + index * step[0] + (2 * _GAP if index else 0)  # the query stands apart
        _draw_column(canvas, draw, column, (left, top), cell, step[1])
    return np.asarray(canvas)


class QueryPictures:
    """Draw what a query found, from an entry of the file that ``ReIDMetric(save_to=...)`` writes.

    Args:
        dataset: the test set that was evaluated.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.load = TRANSFORMS.build(dict(type='LoadTriplet'))
        records = [dataset.get_data_info(index) for index in range(len(dataset))]
        # Apart, for a public dataset may have two pictures of one name in query and gallery.
        self.queries, self.gallery = (
            {(record['name'], str(record['identity'])): index for index, record in enumerate(records) if record[flag]}
            for flag in ('is_query', 'is_gallery')
        )

    def __call__(self, query: Mapping[str, Any], topk: int, title: str = '') -> np.ndarray:
        """Return the picture (H, W, 3) of a query and its ``topk`` nearest; ``title`` goes before the query's name."""
        columns = [
            RankedTriplet(
                self._pictures(query, self.queries), f'query: {query["identity"]}', f'camera {query["camera"]}'
            )
        ]
        nearest = query['nearest'][:topk]
        cosine = (
            bool(nearest) and nearest[0]['distance'] < 0
        )  # the metric ranks by -cosine, re-ranking by a distance from 0 up
        for rank, entry in enumerate(nearest, start=1):
            note = f'cos {-entry["distance"]:.3f}' if cosine else f'dist {entry["distance"]:.3f}'
            columns.append(
                RankedTriplet(
                    self._pictures(entry, self.gallery), f'{rank}: {entry["identity"]}', note, entry['correct']
                )
            )
        kind = type(self.dataset).__name__ + (' (synthetic)' if self.dataset.metainfo.get('synthetic') else '')
        return draw_rank_list(f'{title or kind}: {query["name"]}, average precision {100 * query["ap"]:.1f} %', columns)

    def _pictures(self, entry: Mapping[str, Any], places: Mapping[tuple[str, str], int]) -> list[np.ndarray | None]:
        return self.load(self.dataset.get_data_info(places[entry['name'], str(entry['identity'])]))['imgs']


def _draw_column(
    canvas: Image.Image,
    draw: ImageDraw.ImageDraw,
    column: RankedTriplet,
    corner: tuple[int, int],
    cell: tuple[int, int],
    step: int,
) -> None:
    left, top = corner
    colour = _BLACK if column.correct is None else _GREEN if column.correct else _RED
    mark = '' if column.correct is None else ' ✓' if column.correct else ' ✗'
    for line, text in enumerate((column.label + mark, column.note)):
        draw.text((left, top - (2 - line) * _TEXT - 3), text, fill=colour, font=_font(12))
    for row, picture in enumerate(column.pictures):
        y = top + row * step
        draw.rectangle((left, y, left + cell[0] + 2 * _FRAME - 1, y + cell[1] + 2 * _FRAME - 1), fill=colour)
        inside = (left + _FRAME, y + _FRAME)
        if picture is None:
            draw.rectangle((*inside, inside[0] + cell[0] - 1, inside[1] + cell[1] - 1), fill=_GREY)
            draw.text((inside[0] + 4, inside[1] + cell[1] // 2 - 8), 'absent', fill=_BLACK, font=_font(12))
        else:
            canvas.paste(Image.fromarray(picture).resize(cell, Image.Resampling.BICUBIC), inside)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    # Pillow's own font has no check mark; matplotlib, which mmengine needs anyway, brings one that has.
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / 'fonts' / 'ttf' / 'DejaVuSans.ttf'), size)
