"""Write files whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ['write_atomically']


def write_atomically(path: Path, pieces: Iterable[str]) -> None:
    """Write a text file (UTF-8) beside its place, then move it there; a failure leaves neither half a file nor a leftover.

    Args:
        path: the file; missing folders are made.
        pieces: its text, in as many pieces as is convenient.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    try:
        with open(part, 'w', encoding='utf-8') as file:
            file.writelines(pieces)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
