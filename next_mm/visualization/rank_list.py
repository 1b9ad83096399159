"""Drawing a rank list: a query and its matches in all three modalities, correct and wrong
marked by colour and symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from next_mm.registry import TRANSFORMS
from next_mm.retrieval.results import Entry, QueryScore, SearchResults
from next_mm.triplet import MODALITIES, UNKNOWN
from next_mm.visualization.canvas import paste_fitted
from next_mm.visualization.style import CORRECT, MODALITY_NAMES, WRONG
from next_mm.visualization.text import clip_text, draw_text, wrap_text

__all__ = ['QueryPictures', 'RankedTriplet', 'draw_rank_list']

Colour = tuple[int, int, int]
_BLACK, _GREY, _WHITE = (20, 20, 20), (225, 225, 225), (255, 255, 255)
_GAP, _FRAME, _TEXT, _LEFT, _HEAD, _SMALL = 6, 4, 15, 44, 34, 12
_CAPTION_LINES = 3


@dataclass
class RankedTriplet:
    """One column of a rank list.

    Attributes:
        pictures: three (H, W, 3) uint8 RGB arrays in the order of the modalities, ``None`` for one that is absent.
        lines: texts above the column, such as identity, camera and distance.
        correct: whether it is of the query's identity; ``None`` for the query itself, or where that is unknown.
    """

    pictures: Sequence[np.ndarray | None]
    lines: Sequence[str]
    correct: bool | None = None


def draw_rank_list(
    title: str, columns: Sequence[RankedTriplet], *, captions: Sequence[str] = (), height: int = 128
) -> np.ndarray:
    """Draw a query and its ranked gallery entries side by side.

    Args:
        title: text on top.
        columns: the query first, then the entries, nearest first.
        captions: texts below, a paragraph each.
        height: height of one picture in pixels; the cells are as wide as most pictures are, and
            no picture is stretched.

    Returns:
        (H, W, 3) uint8 RGB picture.

    Raises:
        ValueError: no column, or no picture in any of them.
    """
    shapes = [picture.shape for column in columns for picture in column.pictures if picture is not None]
    if not shapes:
        raise ValueError(f'rank list {title!r}: expected pictures, got none')
    ratio = float(np.median([shape[1] / shape[0] for shape in shapes]))
    cell = (min(max(round(height * ratio), 84), 3 * height), height)  # the text above a column needs its width
    step = (cell[0] + 2 * _FRAME + _GAP, cell[1] + 2 * _FRAME + _GAP)
    top = _HEAD + _TEXT * max(len(column.lines) for column in columns)
    width = max(_LEFT + len(columns) * step[0] + 3 * _GAP, 420)
    below = [line for text in captions for line in wrap_text(text, _SMALL, width - 2 * _GAP, _CAPTION_LINES)]
    size = (width, top + len(MODALITIES) * step[1] + len(below) * _TEXT + (_GAP if below else 0))
    canvas = Image.new('RGB', size, _WHITE)
    draw = ImageDraw.Draw(canvas)
    draw_text(draw, (_GAP, 6), clip_text(title, 15, width - 2 * _GAP), 15, _BLACK)
    for row, name in enumerate(MODALITY_NAMES):
        draw_text(draw, (_GAP, top + row * step[1] + cell[1] // 2), name, 13, _BLACK)
    for index, column in enumerate(columns):
        left = _LEFT + index * step[0] + (2 * _GAP if index else 0)  # the query stands apart
        _draw_column(canvas, column, (left, top), cell, step[1])
    for number, line in enumerate(below):
        draw_text(draw, (_GAP, top + len(MODALITIES) * step[1] + number * _TEXT), line, _SMALL, _BLACK)
    return np.asarray(canvas)


class QueryPictures:
    """Draw what queries found in a test set.

    Args:
        dataset: the test set; the entries of the results are found in it by their ``sample_idx``.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        self.load = getattr(dataset, 'load', None) or TRANSFORMS.build(dict(type='LoadTriplet'))

    def __call__(self, results: SearchResults, query: int, title: str = '') -> np.ndarray:
        """Return the picture (H, W, 3) of a query and its matches.

        Args:
            results: of a search in the test set.
            query: number of the query.
            title: goes before the query's name; by default the kind of the dataset.
        """
        asked = results.queries[query]
        columns = [RankedTriplet(self._pictures(asked), [f'query: {asked.identity}', _camera(asked), ''])]
        for rank, match in enumerate(results.matches[query], start=1):
            entry = results.gallery[match.index]
            lines = [f'{rank}: {entry.identity}', _camera(entry), results.describe_value(match)]
            columns.append(RankedTriplet(self._pictures(entry), lines, match.correct))
        kind = type(self.dataset).__name__ + (' (synthetic)' if self.dataset.metainfo.get('synthetic') else '')
        heading = f'{title or kind}: {asked.name}{_quality(results.scores[query])}'
        return draw_rank_list(heading, columns, captions=self._captions(asked))

    def _pictures(self, entry: Entry) -> list[np.ndarray | None]:
        return self.load(self.dataset.get_data_info(entry.sample_idx))['imgs']

    def _captions(self, query: Entry) -> list[str]:
        """Return the captions that the query's feature was made with; equal ones once."""
        if query.has_text is None:
            return []
        texts = self.dataset.get_data_info(query.sample_idx).get('captions') or [None] * len(MODALITIES)
        names: dict[str, list[str]] = {}
        for name, text, used in zip(MODALITY_NAMES, texts, query.has_text):
            if text and used:
                names.setdefault(text, []).append(name)
        return [f'{", ".join(own)}: {text}' for text, own in names.items()] or ['The query has no caption.']


def _camera(entry: Entry) -> str:
    return 'camera ?' if entry.camera == UNKNOWN else f'camera {entry.camera}'


def _quality(score: QueryScore | None) -> str:
    if score is None:
        return ', no correct entry in the gallery'
    return f', average precision {100 * score.average_precision:.1f} %, first correct entry at rank {score.ranks[0]}'


def _draw_column(
    canvas: Image.Image, column: RankedTriplet, corner: tuple[int, int], cell: tuple[int, int], step: int
) -> None:
    draw = ImageDraw.Draw(canvas)
    left, top = corner
    colour: Colour = _BLACK if column.correct is None else ImageColor.getrgb(CORRECT if column.correct else WRONG)[:3]
    mark = '' if column.correct is None else '✓ ' if column.correct else '✗ '
    for number, text in enumerate(column.lines):
        shown = clip_text((mark if number == 0 else '') + text, _SMALL, cell[0] + 2 * _FRAME)
        draw_text(draw, (left, top - (len(column.lines) - number) * _TEXT - 3), shown, _SMALL, colour)
    for row, picture in enumerate(column.pictures):
        y = top + row * step
        draw.rectangle((left, y, left + cell[0] + 2 * _FRAME - 1, y + cell[1] + 2 * _FRAME - 1), fill=colour)
        inside = (left + _FRAME, y + _FRAME)
        draw.rectangle((*inside, inside[0] + cell[0] - 1, inside[1] + cell[1] - 1), fill=_GREY)
        if picture is None:
            corners = (*inside, inside[0] + cell[0] - 1, inside[1] + cell[1] - 1)
            draw.line(corners, fill=_WHITE, width=2)
            draw_text(draw, (inside[0] + 6, inside[1] + cell[1] // 2 - 8), 'absent', _SMALL, _BLACK)
        else:
            paste_fitted(canvas, picture, inside, cell)
