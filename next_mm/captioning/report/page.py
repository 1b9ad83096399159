"""One self-contained HTML page, and the pictures beside it as PNG."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path

import jinja2
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from next_mm.utils.files import write_atomically


@dataclass
class Section:
    """Part of a page: heading, what it says in a sentence or two, a picture, a table (first row the heads), an item list."""

    title: str
    text: str = ''
    figure: Figure | None = None
    name: str = ''
    table: Sequence[Sequence[object]] = ()
    image: str = field(default='', init=False)


def cell(value: object) -> str:
    """A table cell: thousands apart, one digit after the point, a dash for what there is not."""
    if isinstance(value, float):
        return '–' if math.isnan(value) else f'{value:,.2f}' if abs(value) < 2 else f'{value:,.1f}'
    return f'{value:,}' if isinstance(value, int) else str(value)


def write_page(
    folder: Path, title: str, lead: str, tiles: Sequence[tuple[str, str]], sections: Sequence[Section]
) -> Path:
    """Write ``index.html`` and a PNG for each picture.

    Args:
        lead: a sentence on what was looked at.
        tiles: figure and caption of the key numbers on top.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for section in sections:
        if section.figure is not None:
            png = io.BytesIO()
            section.figure.savefig(png, dpi=150, bbox_inches='tight')
            plt.close(section.figure)
            (folder / f'{section.name}.png').write_bytes(png.getvalue())
            section.image = base64.b64encode(png.getvalue()).decode()
    template = resources.files(__package__).joinpath('page.html.j2').read_text(encoding='utf-8')
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters['cell'] = cell
    html = environment.from_string(template).render(
        title=title, lead=lead, tiles=tiles, sections=sections, today=date.today().isoformat()
    )
    write_atomically(folder / 'index.html', [html])
    return folder / 'index.html'
