"""Caption files in the released format, ``{train,test}_{RGB,NI,TI}.json``: their names, how
they are read and written."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from next_mm.errors import DataError
from next_mm.triplet import MODALITY_TABLE
from next_mm.utils.files import read_text, write_atomically
from next_mm.utils.names import name_key
from next_mm.utils.text import encodable

__all__ = ['FILE_NAMES', 'Captions', 'caption_path', 'caption_paths', 'read_captions', 'write_captions']

FILE_NAMES: Mapping[str, str] = {modality.key: modality.file_name for modality in MODALITY_TABLE}
"""Modality to its name in the files, as the released captions have it."""

_EXPECTED = 'a list of {"item": picture name, "description": caption}'


class Captions(dict[str, str]):
    """Picture name to caption, and what was wrong with the file that they came from.

    Attributes:
        duplicates: names that came more than once; the first caption is kept.
        malformed: one line for each entry that was left out, saying why.
    """

    def __init__(self) -> None:
        super().__init__()
        self.duplicates: list[str] = []
        self.malformed: list[str] = []

    def match(self, names: Iterable[str]) -> dict[str, str]:
        """Map names of pictures to the names that the captions have for them.

        That is the same name, else the only one that differs in suffix, letter case, encoding of accents, or a
        modality's name.

        Args:
            names: of pictures; those without a caption are left out.
        """
        names = list(names)
        found = {name: name for name in names if name in self}
        rest = [name for name in names if name not in found]
        if rest:
            items: dict[str, list[str]] = defaultdict(list)
            for item in self.keys() - found.keys():
                items[name_key(item)].append(item)
            wanted = Counter(map(name_key, rest))
            for name in rest:
                key = name_key(name)
                if wanted[key] == len(items.get(key, ())) == 1:
                    found[name] = items[key][0]
        return found


def caption_path(folder: str | Path, split: str, modality: str) -> Path:
    """Name the file of one split and modality, such as ``text/train_NI.json``."""
    return Path(folder) / f'{split}_{FILE_NAMES[modality]}.json'


def caption_paths(folder: str | Path, split: str, names: Sequence[str] = tuple(FILE_NAMES.values())) -> list[Path]:
    """Name the files of a split, in the order of the modalities.

    Args:
        folder: where they lie.
        split: ``train`` or ``test``.
        names: the modalities' names in the files.
    """
    return [Path(folder) / f'{split}_{name}.json' for name in names]


def read_captions(path: str | Path) -> Captions:
    """Read one caption file: a JSON list of ``{"item": picture name, "description": caption}``, with or
    without a byte order mark.

    Entries that cannot be used are listed in the result, not dropped without a word.

    Args:
        path: the file, such as ``data/RGBNT201/text/train_RGB.json``.

    Returns:
        Caption of each picture name.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: the file is not UTF-8 JSON, or not a list.
    """
    try:
        entries = json.loads(read_text(Path(path)))
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f'{path}: not a readable JSON file ({error}); expected {_EXPECTED}') from error
    if not isinstance(entries, list):
        raise DataError(f'{path}: expected {_EXPECTED}, got a {type(entries).__name__}')
    captions = Captions()
    for number, entry in enumerate(entries):
        problem = _entry_problem(entry)
        if problem:
            captions.malformed.append(f'entry {number}: {problem}')
        elif entry['item'] in captions:
            captions.duplicates.append(entry['item'])
        else:
            captions[entry['item']] = encodable(entry['description']).strip()
    return captions


def write_captions(path: Path, captions: Iterable[tuple[str, str]]) -> int:
    """Write a caption file whole or not at all, one entry a line.

    Args:
        path: the file.
        captions: picture names and captions.

    Returns:
        How many were written.
    """
    count = 0

    def pieces() -> Iterator[str]:
        nonlocal count
        yield '[\n'
        for item, caption in captions:
            yield (',\n' if count else '') + json.dumps({'item': item, 'description': caption}, ensure_ascii=False)
            count += 1
        yield '\n]\n' if count else ']\n'

    write_atomically(path, pieces())
    return count


def _entry_problem(entry: object) -> str | None:
    if not isinstance(entry, dict):
        return f'expected an object, got a {type(entry).__name__}'
    for key in ('item', 'description'):
        if not isinstance(entry.get(key), str):
            return f'"{key}" should be a text, got {entry.get(key)!r}'
        if not entry[key].strip():
            return f'"{key}" is empty' + (f' ({entry["item"]})' if key == 'description' else '')
    return None
