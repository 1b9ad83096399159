"""Read a CSV or JSON list of own triplets."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from next_mm.errors import DataError
from next_mm.layouts.pairing import Paths
from next_mm.layouts.problems import Problem
from next_mm.triplet import MODALITIES, UNKNOWN
from next_mm.utils.files import read_text
from next_mm.utils.options import did_you_mean
from next_mm.utils.text import encodable

CAPTIONS = tuple(f'caption_{modality}' for modality in MODALITIES)
COLUMNS = ('split', 'identity', *MODALITIES, 'camera', 'scene', 'name', *CAPTIONS)
PARTS = ('train', 'query', 'gallery', 'test')

Row = dict[str, str | None]

_DELIMITERS = (',', ';', '\t')
_NO_IDENTITY = {'nan', 'null', 'none', '-1', '-1.0'}
_ABSENT = {*_NO_IDENTITY, 'na', 'n/a', '<na>', 'unknown'}
"""What tables write where there is nothing, in lower case."""
_WHOLE_FLOAT = re.compile(r'([+-]?\d+)\.0+')
_MOST_DIGITS = 9


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
    clean = [{key: _clean_cell(value) for key, value in row.items()} for row in rows]
    for number, row in enumerate(clean):
        identity = row['identity']
        if row['split'] not in PARTS or identity is None or identity.lower() in _NO_IDENTITY:
            raise DataError(
                f'{path}, row {number + 1}: expected a split of {PARTS} and an identity, '
                f'got split={row["split"]!r}, identity={identity!r}'
            )
        row['identity'] = unicodedata.normalize('NFC', _WHOLE_FLOAT.sub(r'\1', identity))
    return clean


def _clean_cell(value: object) -> str | None:
    return None if value is None else encodable(str(value)).strip() or None


def _read_csv(path: Path) -> list[dict]:
    text = read_text(path)
    header = text.partition('\n')[0]
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.DictReader(io.StringIO(text), strict=True, skipinitialspace=True, delimiter=delimiter)
    try:
        reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
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
        rows = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f'{path}: not a readable JSON file ({error})') from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f'{path}: expected a list of objects, one for each triplet')
    return rows


def _check_columns(path: Path, rows: Sequence[dict]) -> None:
    if not rows:
        raise DataError(f'{path}: the list is empty')
    for number, row in enumerate(rows):
        for key in row:
            if key not in COLUMNS:
                hint = did_you_mean(str(key), COLUMNS)
                raise DataError(f'{path}, row {number + 1}: unknown column {key!r}{hint}')
        lacking = [key for key in ('split', 'identity') if key not in row]
        if lacking:
            raise DataError(f'{path}, row {number + 1}: no column {lacking[0]!r}')


def resolve_paths(row: Row, data_root: str, absent: Sequence[str]) -> tuple[Paths, Problem | None]:
    """Find the pictures of a row on disk.

    A path is one below ``data_root``: a list that someone else made must not name other files of this machine.

    Args:
        row: of :func:`read_rows`.
        data_root: folder that the paths are relative to.
        absent: modalities that are left out on purpose.

    Returns:
        The paths, and what is wrong with them.
    """
    found: dict[str, str] = {}
    for modality in MODALITIES:
        path = row.get(modality)
        if path is None or modality in absent:
            continue
        if not _lies_below(path, data_root):
            return (None, None, None), Problem(
                f'a {modality} path outside the data', '', f'{path} is not below {data_root}'
            )
        existing = _find_file(os.path.join(data_root, path))
        if existing is None:
            expected = os.path.join(data_root, path)
            detail = f'expected {expected}; leave the cell empty where a picture is absent'
            return (None, None, None), Problem(f'no {modality} picture', '', detail)
        found[modality] = existing
    problem = None
    if not found:
        where = ', '.join(modality for modality in MODALITIES if modality not in absent)
        problem = Problem('no picture', '', f'expected a path under {where}')
    first, second, third = map(found.get, MODALITIES)
    return (first, second, third), problem


def _lies_below(path: str, folder: str) -> bool:
    """Whether a path lies below a folder as it is written; links that its owner put there are followed."""
    root = os.path.abspath(folder)
    return os.path.commonpath([root, os.path.abspath(os.path.join(root, path))]) == root


def _find_file(path: str) -> str | None:
    """Return the path of an existing file, with its accents encoded as they are on disk."""
    for form in (path, unicodedata.normalize('NFC', path), unicodedata.normalize('NFD', path)):
        if os.path.isfile(form):
            return form
    return None


@dataclass
class Repeats:
    """Pictures that a list names more than once.

    Attributes:
        rows: numbers of the rows that say nothing new.
        problems: by the number of the row concerned; ``where`` is open.
    """

    rows: set[int] = field(default_factory=set)
    problems: dict[int, list[Problem]] = field(default_factory=lambda: defaultdict(list))


def find_repeats(rows: Sequence[Row]) -> Repeats:
    """Find rows, and single pictures, that a list names again.

    A query that is a gallery entry too may have a row for each. Anything else would be counted twice, or be found by
    its own copy.

    Args:
        rows: of :func:`read_rows`.
    """
    repeats = Repeats()
    triplets: dict[tuple, int] = {}
    pictures: dict[str, int] = {}
    for number, row in enumerate(rows):
        same = tuple(None if path is None else _same_path(path) for path in map(row.get, MODALITIES))
        paths = [path for path in same if path is not None]
        first = triplets.setdefault((row['split'], *same), number)
        if paths and first != number:
            repeats.rows.add(number)
            repeats.problems[number].append(_compare_rows(rows[first], row, f'row {first + 1} has the same pictures'))
            continue
        if len(set(paths)) < len(paths):
            detail = 'leave the cell empty where a picture is absent'
            repeats.problems[number].append(Problem('one picture for two modalities', '', detail, fatal=False))
        for path in dict.fromkeys(paths):
            first = pictures.setdefault(path, number)
            problem = _compare_owners(rows[first], row, f'{path}, as in row {first + 1}') if first != number else None
            if problem is not None:
                repeats.problems[number].append(problem)
    return repeats


def _compare_rows(first: Row, row: Row, detail: str) -> Problem:
    """Name what a row with the pictures of an earlier row is."""
    if first['identity'] != row['identity']:
        return Problem('one picture under two identities', '', detail)
    if any(first.get(key) != row.get(key) for key in ('camera', 'scene', *CAPTIONS)):
        return Problem('a row twice with different facts', '', f'{detail}, but another camera, scene or caption')
    return Problem('a row twice', '', f'{detail}; it is left out', fatal=False)


def _compare_owners(first: Row, row: Row, detail: str) -> Problem | None:
    """Name what is wrong with two rows that have one picture in common, if anything is."""
    if first['identity'] != row['identity']:
        return Problem('one picture under two identities', '', detail)
    if (first['split'] == 'train') != (row['split'] == 'train'):
        return Problem('a picture in both train and test', '', detail)
    if first['split'] == row['split']:
        return Problem('a picture in two rows', '', detail, fatal=False)
    return None


def _same_path(path: str) -> str:
    return os.path.normpath(unicodedata.normalize('NFC', path))


def number_names(column: str, names: Iterable[str | None]) -> dict[str | None, int]:
    """Number the cameras or scenes of a list: as they are where all are numbers, else in sorted order from 0.

    What tables write for "unknown" (nothing, ``nan``, ``-1`` and the like) is :data:`UNKNOWN`; ``1.0`` is 1.

    Args:
        column: its name, for messages.
        names: of all rows, so that every split gets the same numbers.

    Raises:
        DataError: a negative number.
    """
    known: dict[str, str] = {}
    numbers: dict[str | None, int] = {None: UNKNOWN}
    for name in names:
        if name is None or name.lower() in _ABSENT:
            numbers[name] = UNKNOWN
        else:
            known[name] = _WHOLE_FLOAT.sub(r'\1', unicodedata.normalize('NFC', name))
    negative = [name for name, plain in known.items() if re.fullmatch(r'-\d+', plain)]
    if negative:
        raise DataError(
            f'column {column}: expected names, or numbers from 0 (-1 where it is unknown), got {negative[0]!r}'
        )
    if all(plain.isdecimal() and len(plain) <= _MOST_DIGITS for plain in known.values()):
        numbers.update((name, int(plain)) for name, plain in known.items())
    else:
        order = {plain: number for number, plain in enumerate(sorted(set(known.values())))}
        numbers.update((name, order[plain]) for name, plain in known.items())
    return numbers
