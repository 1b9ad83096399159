"""Tables written once and shown as Markdown, CSV and LaTeX; no figure in them is ever typed by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev

from next_mm.errors import UserError
from next_mm.utils.files import write_atomically


@dataclass(frozen=True)
class Stat:
    """Mean and sample standard deviation over seeds."""

    mean: float
    std: float | None
    count: int
    digits: int = 1

    @classmethod
    def of(cls, values: Sequence[float], digits: int = 1) -> Stat:
        """Summarise one value a seed.

        Raises:
            ValueError: no values.
        """
        if not values:
            raise ValueError('values: expected at least one, got none')
        return cls(mean(values), stdev(values) if len(values) > 1 else None, len(values), digits)


Cell = str | float | int | Stat | None


@dataclass
class Table:
    """A table with a caption, one heading a column, and notes below.

    Attributes:
        title: caption.
        columns: headings.
        rows: one list of cells a row, as long as ``columns``.
        notes: sentences below the table.
        bold: columns whose highest mean is set in bold.
    """

    title: str
    columns: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    bold: tuple[str, ...] = ()

    def add(self, cells: Sequence[Cell]) -> None:
        """Append a row.

        Raises:
            ValueError: the row is not as long as the heading.
        """
        if len(cells) != len(self.columns):
            raise ValueError(f'row: expected {len(self.columns)} cells ({", ".join(self.columns)}), got {len(cells)}')
        self.rows.append(list(cells))

    def drop_empty_columns(self) -> None:
        """Leave out the columns that no row has anything in."""
        kept = [index for index in range(len(self.columns)) if any(row[index] is not None for row in self.rows)]
        self.columns = [self.columns[index] for index in kept]
        self.rows = [[row[index] for index in kept] for row in self.rows]
        self.bold = tuple(column for column in self.bold if column in self.columns)

    def markdown(self) -> str:
        """The table as GitHub Markdown."""
        texts = self._texts('{mean} ± {std}', '**{}**')
        aligns = [':---' if index == 0 else '---:' for index in range(len(self.columns))]
        lines = [f'**{self.title}**', ''] if self.title else []
        lines += ['| ' + ' | '.join(cell.replace('|', r'\|') for cell in row) + ' |' for row in (self.columns, *texts)]
        lines.insert(len(lines) - len(texts), '| ' + ' | '.join(aligns) + ' |')
        lines += ['', *self.notes] if self.notes else []
        return '\n'.join(lines) + '\n'

    def latex(self) -> str:
        """The table as a LaTeX ``table`` that needs the package booktabs."""
        texts = [[_escape(cell) for cell in row] for row in self._texts('{mean} ± {std}', '<b>{}</b>')]
        head = ' & '.join(_escape(column) for column in self.columns)
        body = '\n'.join('    ' + ' & '.join(row) + r' \\' for row in texts)
        notes = _escape(' '.join(self.notes))
        return '\n'.join(
            [
                r'\begin{table}',
                r'  \centering',
                rf'  \caption{{{_escape(self.title)}{". " + notes if notes else ""}}}',
                rf'  \begin{{tabular}}{{l{"r" * (len(self.columns) - 1)}}}',
                r'    \toprule',
                f'    {head} \\\\',
                r'    \midrule',
                body,
                r'    \bottomrule',
                r'  \end{tabular}',
                r'\end{table}',
                '',
            ]
        )

    def csv(self) -> str:
        """The table as CSV in full precision; a mean is followed by its standard deviation and the number of seeds."""
        spread = [any(isinstance(row[index], Stat) for row in self.rows) for index in range(len(self.columns))]
        head = [
            name
            for column, wide in zip(self.columns, spread, strict=True)
            for name in ((column, f'{column} std', f'{column} seeds') if wide else (column,))
        ]
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator='\n')
        writer.writerow(head)
        for row in self.rows:
            writer.writerow(
                [value for cell, wide in zip(row, spread, strict=True) for value in _csv_values(cell, wide)]
            )
        return buffer.getvalue()

    def write(self, stem: Path) -> list[Path]:
        """Write ``stem``.md, .csv and .tex; each replaces its older version in one step."""
        written = []
        for suffix, text in (('.md', self.markdown()), ('.csv', self.csv()), ('.tex', self.latex())):
            path = stem.with_name(stem.name + suffix)
            write_atomically(path, [text])
            written.append(path)
        return written

    def _texts(self, pair: str, bold: str) -> list[list[str]]:
        best = {self.columns.index(column): self._highest(self.columns.index(column)) for column in self.bold}
        return [
            [
                bold.format(_text(cell, pair))
                if best.get(index) is not None and _value(cell) == best[index]
                else _text(cell, pair)
                for index, cell in enumerate(row)
            ]
            for row in self.rows
        ]

    def _highest(self, index: int) -> float | None:
        values = [value for row in self.rows if (value := _value(row[index])) is not None]
        return max(values) if len(values) > 1 else None


def _value(cell: Cell) -> float | None:
    if isinstance(cell, Stat):
        return cell.mean
    return float(cell) if isinstance(cell, (int, float)) else None


def _text(cell: Cell, pair: str) -> str:
    if cell is None:
        return '-'
    if isinstance(cell, Stat):
        average = f'{cell.mean:.{cell.digits}f}'
        return average if cell.std is None else pair.format(mean=average, std=f'{cell.std:.{cell.digits}f}')
    return f'{cell:.{1 if abs(cell) >= 10 or not cell else 2}f}' if isinstance(cell, float) else str(cell)


def _csv_values(cell: Cell, wide: bool) -> list[object]:
    if isinstance(cell, Stat):
        return [cell.mean, cell.std, cell.count]
    return [cell, None, None] if wide else [cell]


def _escape(text: str) -> str:
    special = {
        '&': r'\&',
        '%': r'\%',
        '#': r'\#',
        '_': r'\_',
        '$': r'\$',
        '~': r'\textasciitilde{}',
        '^': r'\textasciicircum{}',
        '\\': r'\textbackslash{}',
        '{': r'\{',
        '}': r'\}',
        '±': r'$\pm$',
        '×': r'$\times$',
        'σ': r'$\sigma$',
    }
    escaped = ''.join(special.get(letter, letter) for letter in text)
    return escaped.replace('<b>', r'\textbf{').replace('</b>', '}')


def replace_block(path: Path, name: str, text: str) -> None:
    """Put generated text between the markers of a document.

    Args:
        path: a Markdown file with the lines ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.
        name: which pair of markers.
        text: what shall stand between them.

    Raises:
        UserError: the document has not exactly one such pair.
    """
    document = path.read_text(encoding='utf-8')
    begin, end = f'<!-- begin {name} -->', f'<!-- end {name} -->'
    if document.count(begin) != 1 or document.count(end) != 1 or document.index(begin) > document.index(end):
        raise UserError(f'{path}: expected the lines {begin!r} and {end!r} once each, in this order')
    head, rest = document.split(begin)
    path.write_text(f'{head}{begin}\n{text.strip()}\n{end}{rest.split(end)[1]}', encoding='utf-8')
