"""Read a CSV or JSON list of own triplets."""

from __future__ import annotations

import csv
import difflib
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from next_mm.errors import DataError
from next_mm.triplet import MODALITIES, UNKNOWN

COLUMNS = (
    'split',
    'identity',
    *MODALITIES,
    'camera',
    'scene',
    'name',
    *(f'caption_{modality}' for modality in MODALITIES),
)
PARTS = ('train', 'query', 'gallery', 'test')

Row = dict[str, str | None]


def read_rows(path: str | Path) -> list[Row]:
    """Read the rows of a list; empty cells become ``None``.

    Args:
        path: a ``.csv`` file with a header, or a ``.json`` list of objects.

    Returns:
        A dict for each row with any of :data:`COLUMNS`.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: another format, a file that cannot be read, unknown or lacking columns, an unknown split.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such list (list_file is relative to data_root)')
    if path.suffix not in ('.csv', '.json'):
        raise DataError(f'{path}: expected a .csv or .json list, got {path.suffix!r}')
    rows = _read_csv(path) if path.suffix == '.csv' else _read_json(path)
    _check_columns(path, rows)
    rows = [
        {key: str(value).strip() or None if value is not None else None for key, value in row.items()} for row in rows
    ]
    for number, row in enumerate(rows):
        if row['split'] not in PARTS or not row['identity']:
            raise DataError(
                f'{path}, row {number + 1}: expected a split of {PARTS} and an identity, '
                f'got split={row["split"]!r}, identity={row["identity"]!r}'
            )
    return rows


def _read_csv(path: Path) -> list[dict]:
    reader = csv.DictReader(io.StringIO(_read_text(path), newline=''))
    try:
        rows = list(reader)
    except csv.Error as error:
        raise DataError(f'{path}: not a readable CSV file ({error})') from error
    for number, row in enumerate(rows):
        if None in row or None in row.values():
            raise DataError(
                f'{path}, row {number + 1}: expected {len(reader.fieldnames or ())} cells, as in the header'
            )
    return rows


def _read_json(path: Path) -> list[dict]:
    try:
        rows = json.loads(_read_text(path))
    except json.JSONDecodeError as error:
        raise DataError(f'{path}: not a readable JSON file ({error})') from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f'{path}: expected a list of objects, one for each triplet')
    return rows


def _read_text(path: Path) -> str:
    """The text of a file in UTF-8, with or without the mark that spreadsheets put before it."""
    try:
        return path.read_bytes().decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise DataError(f'{path}: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8') from error


def _check_columns(path: Path, rows: Sequence[dict]) -> None:
    if not rows:
        raise DataError(f'{path}: the list is empty')
    for number, row in enumerate(rows):
        for key in row:
            if key not in COLUMNS:
                close = difflib.get_close_matches(str(key), COLUMNS, n=1)
                hint = f', did you mean {close[0]!r}?' if close else '.'
                raise DataError(
                    f'{path}, row {number + 1}: unknown column {key!r}{hint} Columns are {", ".join(COLUMNS)}.'
                )
        lacking = [key for key in ('split', 'identity') if key not in row]
        if lacking:
            raise DataError(f'{path}, row {number + 1}: no column {lacking[0]!r}')


def row_problem(row: Row, data_root: str, absent: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with the pictures of a row, as kind and detail of a problem; ``None`` if nothing is.

    Args:
        row: of :func:`read_rows`.
        data_root: folder that the paths are relative to.
        absent: modalities that are left out on purpose.
    """
    paths = {modality: row.get(modality) for modality in MODALITIES if modality not in absent}
    if not any(paths.values()):
        return 'no picture', f'expected a path under {", ".join(paths)}'
    for modality, path in paths.items():
        if path and not os.path.isfile(os.path.join(data_root, path)):
            expected = os.path.join(data_root, path)
            return f'no {modality} picture', f'expected {expected}; leave the cell empty where a picture is absent'
    return None


def number_names(names: Iterable[str | None]) -> dict[str | None, int]:
    """Number the cameras or scenes of a list: as they are where all are numbers, else in sorted order from 0.

    Args:
        names: of all rows, so that every split gets the same numbers.
    """
    given = {name for name in names if name is not None}
    numbers: dict[str | None, int] = {None: UNKNOWN}
    if all(name.isdecimal() for name in given):
        numbers.update((name, int(name)) for name in given)
    else:
        numbers.update((name, number) for number, name in enumerate(sorted(given)))
    return numbers
