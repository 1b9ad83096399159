"""Export a gallery to plain files, and import such files: safetensors shards and one JSON line an entry."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from next_mm.errors import ConfigError, DataError
from next_mm.gallery.base import Gallery, OnConflict
from next_mm.gallery.records import Entry
from next_mm.retrieval.feature_files import read_features, write_features
from next_mm.utils.files import write_atomically

__all__ = ['add_feature_files', 'export_gallery', 'import_gallery']

SHARD = 10_000
ENTRIES = 'entries.jsonl'
FIELDS = ('identity', 'camera', 'time', 'tracklet', 'extra')


def export_gallery(gallery: Gallery, folder: Path) -> int:
    """Write all entries of a gallery; return how many.

    Raises:
        DataError: the folder holds an export already.
    """
    if (folder / ENTRIES).exists():
        raise DataError(f'{folder}: holds an export already ({ENTRIES}); choose another folder')
    lines: list[str] = []
    for number, (entries, features) in enumerate(gallery.iterate(SHARD)):
        write_features(folder / f'features-{number:06d}.safetensors', features)
        lines += [
            json.dumps({'id': entry.id, **{name: getattr(entry, name) for name in FIELDS}}) + '\n' for entry in entries
        ]
    write_atomically(folder / ENTRIES, lines)
    return len(lines)


def import_gallery(gallery: Gallery, folder: Path, *, on_conflict: OnConflict = 'error') -> int:
    """Add the entries of an export; return how many were added.

    With ``on_conflict='keep'`` an import that was cut off goes on where it stopped.

    Raises:
        DataError: the folder holds no export, or see :meth:`Gallery.add`.
    """
    known = {entry.id: entry for entry in _read_entries(folder / ENTRIES)}
    added = 0
    for path in _shards(folder):
        features, _ = read_features(path)
        missing = [name for name in features.ids if name not in known]
        if missing:
            raise DataError(f'{path}: {len(missing)} ids have no line in {ENTRIES}, the first: {missing[0]!r}')
        rows = [known[name] for name in features.ids]
        values = {name: [getattr(entry, name) for entry in rows] for name in FIELDS}
        added += gallery.add(features, on_conflict=on_conflict, **values)
    return added


def add_feature_files(
    gallery: Gallery,
    folder: Path,
    *,
    on_conflict: OnConflict = 'keep',
    patterns: Mapping[str, str] | None = None,
    **values: object,
) -> int:
    """Add extracted features, a shard a transaction; return how many entries were added.

    Args:
        gallery: the gallery.
        folder: what ``tools/extract_features.py`` wrote.
        on_conflict: see :meth:`Gallery.add`.
        patterns: ``identity``, ``camera`` or ``tracklet`` to an expression whose first group is
            its name in an entry's id.
        values: identity, camera and so on of all entries.

    Raises:
        ConfigError: a pattern that is no expression with a group.
        DataError: no features there, a pattern that finds nothing in an id, or see :meth:`Gallery.add`.
    """
    compiled = {name: _compile(name, pattern) for name, pattern in (patterns or {}).items()}
    added = 0
    for path in _shards(folder):
        features, _ = read_features(path)
        found = {name: [_find(name, pattern, key) for key in features.ids] for name, pattern in compiled.items()}
        added += gallery.add(features, on_conflict=on_conflict, **{**values, **found})
    return added


def _compile(name: str, pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f'{name} pattern {pattern!r}: expected a regular expression: {error}') from error
    if compiled.groups < 1:
        raise ConfigError(f'{name} pattern {pattern!r}: expected a group that holds the name, such as ^([0-9]+)_')
    return compiled


def _find(name: str, pattern: re.Pattern[str], key: str) -> str:
    match = pattern.search(key)
    if match is None or not match.group(1):
        raise DataError(f'id {key!r}: the {name} pattern {pattern.pattern!r} finds nothing in it')
    return match.group(1)


def _shards(folder: Path) -> list[Path]:
    shards = sorted(folder.glob('features-*.safetensors'))
    if not shards:
        raise DataError(f'{folder}: no features-*.safetensors there')
    return shards


def _read_entries(path: Path) -> Iterator[Entry]:
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise DataError(f'{path}: cannot be read as the entries of an export: {error}') from error
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
            yield Entry(value['id'], **{name: value.get(name) for name in FIELDS})
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f'{path}, line {number}: expected one entry in JSON: {error}') from error
