"""A report: sections with charts and pictures on one self-contained page, each chart beside it as PNG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from next_mm.visualization.page import PagePicture, Section, embed_png, figure_png, write_page

__all__ = ['ReportSection', 'write_report']


@dataclass(frozen=True)
class ReportSection:
    """Part of a report.

    Attributes:
        title: its heading.
        text: a sentence or two.
        chart: a figure; it is closed once it is drawn.
        name: of the chart's file.
        table: rows of cells, the first row the heads.
        text_table: whether the cells are texts rather than numbers.
        pictures: pictures of the dataset, in rows.
    """

    title: str
    text: str = ''
    chart: Figure | None = None
    name: str = ''
    table: Sequence[Sequence[object]] = ()
    text_table: bool = False
    pictures: Sequence[PagePicture] = ()


def write_report(
    folder: Path, *, title: str, lead: str, tiles: Sequence[tuple[str, str]], sections: Sequence[ReportSection]
) -> Path:
    """Write ``index.html`` and a PNG for each chart.

    Args:
        folder: where they go.
        title: heading of the page.
        lead: a sentence on what was looked at.
        tiles: number and caption of the key figures on top.
        sections: the rest.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = [
        Section(
            section.title,
            section.text,
            section.table,
            text_table=section.text_table,
            pictures=[*_draw(section, folder), *section.pictures],
            in_rows=bool(section.pictures),
        )
        for section in sections
    ]
    return write_page(folder / 'index.html', title=title, lead=lead, tiles=tiles, sections=parts)


def _draw(section: ReportSection, folder: Path) -> list[PagePicture]:
    if section.chart is None:
        return []
    png = figure_png(section.chart)
    plt.close(section.chart)
    (folder / f'{section.name}.png').write_bytes(png)
    return [PagePicture(embed_png(png))]
