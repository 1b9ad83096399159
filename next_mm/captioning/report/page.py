"""The page of a caption report, and its pictures beside it as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from next_mm.visualization import page

__all__ = ['Section', 'write_page']


@dataclass
class Section:
    """Part of a page: heading, what it says in a sentence or two, a picture, a table whose first row is the heads."""

    title: str
    text: str = ''
    figure: Figure | None = None
    name: str = ''
    table: Sequence[Sequence[object]] = ()


def write_page(
    folder: Path, title: str, lead: str, tiles: Sequence[tuple[str, str]], sections: Sequence[Section]
) -> Path:
    """Write ``index.html`` and a PNG for each picture.

    Args:
        folder: where they go; it is made.
        title: heading of the page.
        lead: a sentence on what was looked at.
        tiles: figure and caption of the key numbers on top.
        sections: the rest.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = [
        page.Section(section.title, section.text, table=section.table, pictures=_pictures(folder, section))
        for section in sections
    ]
    return page.write_page(folder / 'index.html', title=title, lead=lead, tiles=tiles, sections=shown)


def _pictures(folder: Path, section: Section) -> list[page.PagePicture]:
    if section.figure is None:
        return []
    png = page.figure_png(section.figure)
    plt.close(section.figure)
    (folder / f'{section.name}.png').write_bytes(png)
    return [page.PagePicture(page.embed_png(png))]
