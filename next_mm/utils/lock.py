"""A lock on a folder that holds between processes and ends with them."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from next_mm.errors import UserError

__all__ = ['lock_folder']

_ALONE = 'see to it that no other {} runs in it'
_WARNING: dict[str, Any] = dict(logger='current', level=logging.WARNING)


@contextmanager
def lock_folder(folder: Path, name: str, use: str) -> Iterator[None]:
    """Hold a lock in a folder while the context is open.

    The lock belongs to this process: those that it forks do not inherit it, and it ends with the process, however that
    ends. Where the file system has no locks that is said, and nothing is held.

    Args:
        folder: made where it is missing.
        name: file name of the lock; the file stays.
        use: what the folder is used for, for the message.

    Raises:
        UserError: another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, 'a+', encoding='utf-8') as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):  # some network file systems have no locks
                print_log(f'{folder}: no lock can be had there ({error.strerror}); {_ALONE.format(use)}', **_WARNING)
                yield
                return
            file.seek(0)
            holder = file.read().strip()
            raise UserError(
                f'{folder}: another {use} is running there'
                + (f' ({holder})' if holder else '')
                + '; give each its own folder'
            ) from error
        file.truncate(0)
        file.write(f'process {os.getpid()} on {os.uname().nodename}')
        file.flush()
        yield
