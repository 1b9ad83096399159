"""Write files whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ['staged', 'write_atomically']


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write a file to; it is moved onto ``path`` when the block ends, and
    removed when the block fails.

    Args:
        path: the file; missing folders are made.

    Yields:
        The path to write to; it ends with ``.part``, so that nothing takes it for a finished file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_atomically(path: Path, pieces: Iterable[str] | Iterable[bytes]) -> None:
    """Write a file beside its place, then move it there; a failure leaves neither half a file nor a leftover.

    Args:
        path: the file; missing folders are made.
        pieces: its text, written as UTF-8, or its bytes, in as many pieces as is convenient.
    """
    with staged(path) as part, open(part, 'wb') as file:
        for piece in pieces:
            file.write(piece if isinstance(piece, bytes) else piece.encode('utf-8'))
