"""Read text that others wrote; write files whole or not at all."""

from __future__ import annotations

import glob
import os
import platform
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from next_mm.errors import DataError

__all__ = ['find_config', 'read_text', 'remove_leftovers', 'staged', 'write_atomically']

_MACHINE = f'{zlib.crc32(platform.node().encode()):08x}'
_UTF16 = (b'\xff\xfe', b'\xfe\xff')
"""The marks that begin a text in UTF-16."""


def find_config(path: str | Path) -> Path:
    """Return a config file's path: as given, or, for one of the project's own
    (``configs/...``), where next_mm is installed.

    Raises:
        FileNotFoundError: no such file.
    """
    if Path(path).is_file():
        return Path(path)
    package = Path(__file__).parents[1]
    for root in (package, package.parent):
        if Path(path).parts[:1] == ('configs',) and (root / path).is_file():
            return root / path
    raise FileNotFoundError(f'{path}: no such config file')


def read_text(path: Path) -> str:
    """Read a text in UTF-8, with or without the mark that spreadsheets and editors put before it.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be read.
        DataError: it is in another encoding.
    """
    data = path.read_bytes()
    if data.startswith(_UTF16):
        raise DataError(f'{path}: UTF-16 text (its first two bytes say so); save it as UTF-8')
    try:
        return data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise DataError(f'{path}: not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8') from error


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write a file to; it is moved onto ``path`` when the block ends, and
    removed when the block fails. What a killed process left of the same file goes.

    Args:
        path: the file; missing folders are made.

    Yields:
        The path to write to; it ends with ``.part``, so that nothing takes it for a finished file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path.parent, path.name)
    part = path.with_name(f'{path.name}.{_process()}.part')
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def remove_leftovers(folder: Path, name: str = '') -> None:
    """Remove the ``.part`` files that processes of this machine left in a folder when they were killed.

    Args:
        folder: where :func:`staged` writes.
        name: of the file that they were to become; every file without it.
    """
    for part in folder.glob(f'{glob.escape(name) or "*"}.{_MACHINE}-*.part'):
        number = part.name.rpartition('-')[2].removesuffix('.part')
        if number.isdecimal() and not _is_running(int(number)):
            part.unlink(missing_ok=True)


def _process() -> str:
    """What no other process that runs has in the names of its files, on any machine that shares the folder."""
    return f'{_MACHINE}-{os.getpid()}'


def _is_running(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        pass
    return True


def write_atomically(path: Path, pieces: Iterable[str] | Iterable[bytes]) -> None:
    """Write a file beside its place, then move it there; a failure leaves neither half a file nor a leftover.

    Args:
        path: the file; missing folders are made.
        pieces: its text, written as UTF-8, or its bytes, in as many pieces as is convenient.
    """
    with staged(path) as part, open(part, 'wb') as file:
        for piece in pieces:
            file.write(piece if isinstance(piece, bytes) else piece.encode('utf-8'))
