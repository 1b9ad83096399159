"""Pictures as they are known to the store and as they are sent: keyed by content, bare of metadata, checked."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from PIL import Image, UnidentifiedImageError

from next_mm.captioning.listing import Picture
from next_mm.captioning.store import Store

_METADATA = frozenset(range(0xE1, 0xEE)) | {0xEF, 0xFE}
"""JPEG segments that may say where, when and with what a picture was taken."""

_UNDECODABLE = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    Image.DecompressionBombError,
)
"""What Pillow's decoders raise for a damaged file, each its own."""


class PictureProblem(ValueError):
    """A picture that cannot be sent; the text names it and says why."""


def picture_key(data: bytes, panel: int) -> str:
    """Key of a picture: 128 bits of its file's SHA-256, and its place in a side-by-side file."""
    key = hashlib.sha256(data).hexdigest()[:32]
    return key if panel < 0 else f'{key}:{panel}'


def prepare_picture(path: str, panel: int, max_side: int, key: str) -> str:
    """A picture as a data URL: whole, without metadata, at most ``max_side`` pixels on its longer side.

    A JPEG that needs no change is sent as it is; anything else is encoded anew, without loss.

    Raises:
        PictureProblem: missing, damaged, or changed since it was listed.
    """
    data = _read(path)
    if picture_key(data, panel) != key:
        raise PictureProblem(f'{path}: the file changed while the run was under way')
    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except _UNDECODABLE as error:
        raise PictureProblem(f'{path}: not a whole picture ({error})') from error
    if picture.format == 'JPEG' and panel < 0 and max(picture.size) <= max_side and not _has_metadata(data):
        return _data_url(data, 'jpeg')
    picture = picture.convert('RGB')
    if panel >= 0:
        width = picture.width // 3
        picture = picture.crop((panel * width, 0, (panel + 1) * width, picture.height))
    picture.thumbnail((max_side, max_side), Image.Resampling.BICUBIC)
    clean = io.BytesIO()
    Image.frombytes('RGB', picture.size, picture.tobytes()).save(
        clean, 'PNG'
    )  # a new picture: what the old one carried stays behind
    return _data_url(clean.getvalue(), 'png')


def _read(path: str) -> bytes:
    try:
        with open(path, 'rb') as file:
            data = file.read()
    except OSError as error:
        raise PictureProblem(f'{path}: {error.strerror or error}') from error
    if not data:
        raise PictureProblem(f'{path}: the file is empty')
    return data


def _data_url(data: bytes, kind: str) -> str:
    return f'data:image/{kind};base64,{base64.b64encode(data).decode()}'


def _has_metadata(data: bytes) -> bool:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _METADATA:
            return True
        if marker == 0xDA:  # the pixels begin
            return False
        at += 2 + int.from_bytes(data[at + 2 : at + 4], 'big')
    return True  # not laid out as expected: better to encode it anew


def enter_pictures(store: Store, pictures: Iterable[Picture], splits: tuple[str, ...]) -> int:
    """Bring the store's list of pictures up to date; those that are gone from the dataset leave it, their answers stay.

    Returns:
        How many pictures there are.
    """
    with store.transaction():
        store.db.execute(
            'CREATE TEMP TABLE IF NOT EXISTS listed(split TEXT, item TEXT, modality TEXT, PRIMARY KEY(split, item, modality))'
        )
        store.db.execute('DELETE FROM listed')
        for picture in pictures:
            store.db.execute('INSERT OR REPLACE INTO listed VALUES(?,?,?)', picture[:3])
            store.db.execute(
                'INSERT INTO pictures(split, item, modality, identity, path, panel) VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET '
                'identity=excluded.identity, size=CASE WHEN path=excluded.path AND panel=excluded.panel THEN size END, '
                'path=excluded.path, panel=excluded.panel',
                picture,
            )
        marks = ','.join('?' * len(splits))
        for table in ('pictures', 'captions'):
            store.db.execute(
                f'DELETE FROM {table} WHERE split IN ({marks}) AND (split, item, modality) NOT IN (SELECT * FROM listed)',
                splits,
            )
        return store.db.execute(f'SELECT COUNT(*) FROM pictures WHERE split IN ({marks})', splits).fetchone()[0]


def hash_pictures(
    store: Store, splits: tuple[str, ...], progress: Callable[[int], None] = lambda count: None
) -> list[str]:
    """Find the key of every picture that is new or has changed (by size and time).

    Args:
        progress: called with the number of pictures looked at since the last call.

    Returns:
        One line for each picture that cannot be read.
    """
    marks = ','.join('?' * len(splits))
    rows = store.db.execute(
        f'SELECT rowid, path, panel, size, mtime FROM pictures WHERE split IN ({marks}) ORDER BY rowid', splits
    ).fetchall()
    problems = []
    with ThreadPoolExecutor(2) as pool:
        for chunk in _chunks(rows, 512):
            results = [r for r in pool.map(_stat_and_hash, chunk) if r is not None]
            with store.transaction():
                store.db.executemany('UPDATE pictures SET size=?, mtime=?, picture=?, problem=? WHERE rowid=?', results)
            problems += [problem for *_, problem, _ in results if problem]
            progress(len(chunk))
    return problems


def note_problems(store: Store, problems: Mapping[int, str]) -> None:
    """Write down pictures that turned out to be unusable.

    Args:
        problems: row of the picture -> what is wrong with it; it is forgotten once the file changes.
    """
    if problems:
        with store.transaction():
            store.db.executemany(
                'UPDATE pictures SET problem=? WHERE rowid=?', [(text, row) for row, text in problems.items()]
            )


def _stat_and_hash(row: tuple) -> tuple | None:
    rowid, path, panel, size, mtime = row
    try:
        stat = os.stat(path)
        if (stat.st_size, stat.st_mtime_ns) == (size, mtime):
            return None
        return stat.st_size, stat.st_mtime_ns, picture_key(_read(path), panel), None, rowid
    except (PictureProblem, OSError) as error:
        return None, None, None, str(error), rowid


def _chunks(rows: Iterable, size: int) -> Iterator[list]:
    rows = iter(rows)
    while chunk := list(islice(rows, size)):
        yield chunk
