"""Drawing a contact sheet: triplets as a dataset gives them, with their captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from next_mm.triplet import MODALITY_TABLE
from next_mm.visualization.canvas import paste_fitted
from next_mm.visualization.text import draw_text, wrap_text

__all__ = ['SheetCell', 'draw_contact_sheet']

_BLACK, _BLUE, _GREY, _PALE, _WHITE = (20, 20, 20), (40, 80, 150), (110, 110, 110), (225, 225, 225), (255, 255, 255)
_GAP, _MARGIN, _LINE = 4, 14, 15
_TITLE, _LABEL, _TEXT = 17, 12, 11
_MOST_LINES = 40


@dataclass
class SheetCell:
    """One triplet on a contact sheet.

    Attributes:
        pictures: three (H, W, 3) uint8 RGB arrays in the order of the modalities, ``None`` for one that is absent.
        label: text above them.
        captions: of each modality, ``None`` where there is none.
    """

    pictures: Sequence[np.ndarray | None]
    label: str
    captions: Sequence[str | None] = field(default=(None, None, None))


def draw_contact_sheet(title: str, rows: Sequence[Sequence[SheetCell]], *, height: int = 160) -> np.ndarray:
    """Draw rows of triplets, each with its label above and its captions below.

    Args:
        title: text on top.
        rows: of cells; all rows are aligned on the left.
        height: height of one picture in pixels; widths follow the pictures.

    Returns:
        (H, W, 3) uint8 RGB picture.

    Raises:
        ValueError: no picture in any of them.
    """
    shapes = [picture.shape for row in rows for cell in row for picture in cell.pictures if picture is not None]
    if not shapes:
        raise ValueError(f'contact sheet {title!r}: expected pictures, got none')
    ratio = float(np.median([shape[1] / shape[0] for shape in shapes]))
    size = (max(round(height * ratio), 76), height)
    width = len(MODALITY_TABLE) * (size[0] + _GAP) - _GAP
    labels = [[wrap_text(cell.label, _LABEL, width, _MOST_LINES) for cell in row] for row in rows]
    texts = [[_caption_lines(cell, width) for cell in row] for row in rows]
    above = [_LINE * (1 + max(map(len, row), default=0)) for row in labels]
    heights = [top + height + _LINE * max(map(len, row), default=0) + _MARGIN for top, row in zip(above, texts)]
    columns = max(map(len, rows))
    canvas = Image.new('RGB', (columns * (width + _MARGIN) + _MARGIN, sum(heights) + 2 * _MARGIN + _TITLE), _WHITE)
    draw = ImageDraw.Draw(canvas)
    draw_text(draw, (_MARGIN, _MARGIN // 2), title, _TITLE, _BLACK)
    top = 2 * _MARGIN + _TITLE
    for row, label, text, skip, tall in zip(rows, labels, texts, above, heights):
        for number, cell in enumerate(row):
            left = _MARGIN + number * (width + _MARGIN)
            _draw_lines(draw, label[number], (left, top), _BLUE, _LABEL)
            _draw_pictures(canvas, draw, cell, (left, top + skip), size)
            _draw_lines(draw, text[number], (left, top + skip + height + 2), _BLACK, _TEXT)
        top += tall
        draw.line((_MARGIN, top - _MARGIN // 2, canvas.width - _MARGIN, top - _MARGIN // 2), fill=_PALE)
    return np.asarray(canvas)


def _caption_lines(cell: SheetCell, width: int) -> list[str]:
    """Break the captions of a cell into lines; one that several modalities share is told once."""
    told: dict[str, list[str]] = {}
    for modality, caption in zip(MODALITY_TABLE, cell.captions):
        if caption is not None:
            told.setdefault(caption, []).append(modality.label)
    lines = []
    for text, names in told.items():
        lines += wrap_text(f'{", ".join(names)}: {text or "-"}', _TEXT, width, _MOST_LINES)
    return lines


def _draw_lines(
    draw: ImageDraw.ImageDraw, lines: Sequence[str], corner: tuple[int, int], colour: tuple[int, int, int], size: int
) -> None:
    for number, line in enumerate(lines):
        draw_text(draw, (corner[0], corner[1] + number * _LINE), line, size, colour)


def _draw_pictures(
    canvas: Image.Image,
    draw: ImageDraw.ImageDraw,
    cell: SheetCell,
    corner: tuple[int, int],
    size: tuple[int, int],
) -> None:
    """Draw the three pictures of a cell, their modality above each."""
    for number, (modality, picture) in enumerate(zip(MODALITY_TABLE, cell.pictures)):
        left, top = corner[0] + number * (size[0] + _GAP), corner[1]
        draw_text(draw, (left, top - _LINE), modality.label, _TEXT, _GREY)
        if picture is None:
            draw.rectangle((left, top, left + size[0] - 1, top + size[1] - 1), fill=_PALE)
            draw_text(draw, (left + 6, top + size[1] // 2 - 8), 'absent', _LABEL, _BLACK)
        else:
            paste_fitted(canvas, picture, (left, top), size)
