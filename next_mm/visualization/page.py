"""One self-contained HTML page: key numbers, then sections of text, tables, figures and long texts to unfold."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup
from matplotlib.figure import Figure
from PIL import Image, UnidentifiedImageError

from next_mm.errors import DataError
from next_mm.utils.files import write_atomically
from next_mm.visualization.style import COLOURS

__all__ = ['PagePicture', 'Section', 'embed_picture', 'embed_png', 'figure_png', 'figure_svg', 'write_page']

MAX_WIDTH = 1600
"""Pictures wider than this are shrunk before they go into a page, pixels."""


@dataclass(frozen=True)
class PagePicture:
    """A picture in a page.

    Attributes:
        source: a ``data:`` address or an inline SVG, from the functions below.
        caption: text below it.
    """

    source: str | Markup
    caption: str = ''

    @property
    def inline(self) -> bool:
        """Whether the source is markup rather than an address."""
        return isinstance(self.source, Markup)


@dataclass(frozen=True)
class Section:
    """Part of a page.

    Attributes:
        title: its heading.
        text: a sentence or two.
        table: rows of cells, the first row the heads.
        bold: rows of the table that stand out, counted from 1 below the heads.
        text_table: whether the cells are texts, which stand to the left, rather than numbers.
        pictures: its pictures.
        in_rows: whether the pictures stand side by side where there is room, rather than one below the other.
        summary: heading of ``details``.
        details: a long text that the reader unfolds.
    """

    title: str
    text: str = ''
    table: Sequence[Sequence[object]] = ()
    bold: Collection[int] = ()
    text_table: bool = False
    pictures: Sequence[PagePicture] = ()
    in_rows: bool = False
    summary: str = ''
    details: str = ''


def write_page(
    path: Path,
    *,
    title: str,
    lead: str,
    tag: str = '',
    tiles: Sequence[tuple[str, str]] = (),
    sections: Sequence[Section],
) -> Path:
    """Write a page, whole or not at all.

    Args:
        path: the HTML file; its folder is made.
        title: heading of the page.
        lead: a sentence on what the page is about; today's date follows it.
        tag: a word of warning beside the lead, such as "synthetic data".
        tiles: number and caption of the key figures on top.
        sections: the rest.

    Returns:
        ``path``.
    """
    template = resources.files(__package__).joinpath('page.html.j2').read_text(encoding='utf-8')
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters['cell'] = _cell
    html = environment.from_string(template).render(
        title=title,
        lead=lead,
        tag=tag,
        tiles=tiles,
        sections=sections,
        today=f'{date.today():%d %B %Y}'.lstrip('0'),
        accent=COLOURS[0],
    )
    write_atomically(path, [html])
    return path


def figure_svg(figure: Figure) -> Markup:
    """Return a figure as inline SVG."""
    text = io.StringIO()
    figure.savefig(text, format='svg', metadata={'Date': None})
    svg = text.getvalue()
    return Markup(svg[svg.index('<svg') :])


def figure_png(figure: Figure) -> bytes:
    """Return a figure as a PNG file."""
    png = io.BytesIO()
    figure.savefig(png, format='png', dpi=150, bbox_inches='tight')
    return png.getvalue()


def embed_png(png: bytes) -> str:
    """Return a PNG file as a ``data:`` address."""
    return 'data:image/png;base64,' + base64.b64encode(png).decode()


def embed_picture(path: Path) -> str:
    """Return a picture file as a ``data:`` address, shrunk to :data:`MAX_WIDTH`.

    Raises:
        DataError: it cannot be read.
    """
    png = io.BytesIO()
    try:
        with Image.open(path) as opened:
            picture = opened.convert('RGB')
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, SyntaxError) as error:
        raise DataError(f'{path} is not a readable picture') from error
    if picture.width > MAX_WIDTH:
        picture = picture.resize((MAX_WIDTH, round(picture.height * MAX_WIDTH / picture.width)), Image.Resampling.BOX)
    picture.save(png, format='PNG')
    return embed_png(png.getvalue())


def _cell(value: object) -> str:
    """Return a cell as text: thousands apart, two decimals below 2 and one above, a dash for what there is not."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return '–'
    if isinstance(value, float):
        return f'{value:,.2f}' if abs(value) < 2 else f'{value:,.1f}'
    return f'{value:,}' if isinstance(value, int) else str(value)
