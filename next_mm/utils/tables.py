"""Draw a table as text, for logs and consoles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from next_mm.utils.text import printable

__all__ = ['build_table', 'draw_table']


def build_table(
    header: Sequence[str],
    rows: Iterable[Sequence[object] | None],
    *,
    title: str = '',
    caption: str = '',
    left: Iterable[int] = (0,),
) -> Table:
    """Build a rich table: whole numbers with separators, other numbers with three decimals, the rest as it is.

    Args:
        header: names of the columns.
        rows: cells of each row; ``None`` draws a line.
        title: above the table.
        caption: below it.
        left: columns that stand to the left; the others stand to the right.
    """
    table = Table(
        title=Text(printable(title)) if title else None,
        caption=Text(printable(caption)) if caption else None,
        title_justify='left',
        caption_justify='left',
    )
    left = set(left)
    for number, name in enumerate(header):
        table.add_column(Text(printable(name)), justify='left' if number in left else 'right', overflow='fold')
    for row in rows:
        if row is None:
            table.add_section()
        else:
            table.add_row(*map(_cell, row))
    return table


def draw_table(
    header: Sequence[str],
    rows: Iterable[Sequence[object] | None],
    *,
    title: str = '',
    caption: str = '',
    left: Iterable[int] = (0,),
    width: int = 120,
) -> str:
    """Draw a table as plain text that ends with a line break; see :func:`build_table`.

    Args:
        header: see :func:`build_table`.
        rows: see :func:`build_table`.
        title: see :func:`build_table`.
        caption: see :func:`build_table`.
        left: see :func:`build_table`.
        width: most characters in a line.
    """
    text = StringIO()
    table = build_table(header, rows, title=title, caption=caption, left=left)
    Console(file=text, width=width, color_system=None).print(table)
    return text.getvalue()


def _cell(value: object) -> Text:
    """Return a cell as text, in which brackets are no markup."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return Text(printable(str(value)))
    return Text(f'{value:,}' if isinstance(value, int) else f'{value:.3f}')
