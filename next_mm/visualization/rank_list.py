"""Drawing a rank list: a query and its matches in all three modalities, correct and wrong
marked by colour and symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from next_mm.registry import TRANSFORMS
from next_mm.retrieval.results import Entry, SearchResults
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
    """Draw what queries found in a test set.

    Args:
        dataset: the test set; the entries of the results are found in it by their ``sample_idx``.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.load = TRANSFORMS.build(dict(type='LoadTriplet'))

    def __call__(self, results: SearchResults, query: int, title: str = '') -> np.ndarray:
        """Return the picture (H, W, 3) of a query and its matches.

        Args:
            results: of a search in the test set.
            query: number of the query.
            title: goes before the query's name; by default the kind of the dataset.
        """
        asked, score = results.queries[query], results.scores[query]
        columns = [RankedTriplet(self._pictures(asked), f'query: {asked.identity}', f'camera {asked.camera}')]
        for rank, match in enumerate(results.matches[query], start=1):
            entry = results.gallery[match.index]
            label, note = f'{rank}: {entry.identity}', results.describe_value(match)
            columns.append(RankedTriplet(self._pictures(entry), label, note, match.correct))
        kind = type(self.dataset).__name__ + (' (synthetic)' if self.dataset.metainfo.get('synthetic') else '')
        quality = f', average precision {100 * score.average_precision:.1f} %' if score is not None else ''
        return draw_rank_list(f'{title or kind}: {asked.name}{quality}', columns)

    def _pictures(self, entry: Entry) -> list[np.ndarray | None]:
        return self.load(self.dataset.get_data_info(entry.sample_idx))['imgs']


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
