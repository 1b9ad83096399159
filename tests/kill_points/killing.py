"""Kill a process at one of the operations with which it changes files and databases."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import sys
import threading
import traceback
from collections import deque
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Any

from tests.kill_points.job import Job

__all__ = ['Counting', 'draw', 'in_a_process']

OPERATIONS = frozenset(
    {
        *('mkdir', 'open', 'remove', 'rename', 'replace', 'rmdir', 'truncate', 'unlink'),
        *('fdatasync', 'fsync', 'write', 'writelines'),
        *('commit', 'execute', 'executemany'),  # sqlite3
        *('serialize_file', 'write_end_of_file', 'write_record'),  # safetensors, torch
    }
)
"""Functions written in C that change files or databases; ``open`` counts, for it may make or empty a file."""


def changes_disk(function: Any) -> bool:
    """Say whether a function written in C changes a file or a database that stays."""
    owner = getattr(function, '__self__', None)
    in_memory = isinstance(owner, (str, bytes, bytearray, list, set, deque, io.StringIO, io.BytesIO))
    return getattr(function, '__name__', '') in OPERATIONS and not in_memory and owner not in (sys.stdout, sys.stderr)


class Counting:
    """Counts the operations of a process, and kills it at one of them.

    Args:
        at: number of the operation, from 0; ``None`` for none.
        behind: kill when it has ended, not before it begins.
    """

    def __init__(self, at: int | None = None, *, behind: bool = False) -> None:
        self.at, self.behind = at, behind
        self.names: list[str] = []

    def __call__(self, frame: FrameType, event: str, function: Any) -> None:
        if event not in ('c_call', 'c_return', 'c_exception') or not changes_disk(function):
            return
        if event == 'c_call':
            self.names.append(function.__name__)
        if (event != 'c_call') == self.behind and self.at == len(self.names) - 1:
            os.kill(os.getpid(), signal.SIGKILL)

    def start(self) -> None:
        """Count from now on, in this thread and in new ones."""
        threading.setprofile(self)
        sys.setprofile(self)

    @staticmethod
    def stop() -> None:
        """Count no more."""
        sys.setprofile(None)
        threading.setprofile(None)


def in_a_process(job: Job, folder: Path, counting: Counting | None = None) -> tuple[bool, list[str]]:
    """Do the work of a job in a forked process, which is slow while its operations are counted.

    Returns:
        Whether it was killed, and the operations that were counted in a process that was not.

    Raises:
        RuntimeError: it ended otherwise.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log, names = folder.with_suffix('.log'), folder.with_suffix('.names')
    child = os.fork()
    if child == 0:
        status = 3
        try:
            with log.open('a') as file, redirect_stdout(file), redirect_stderr(file):
                if counting is not None:
                    counting.start()
                job.work(folder)
                Counting.stop()
            names.write_text(json.dumps(counting.names if counting is not None else []))
            status = 0
        except BaseException:  # noqa: BLE001 (whatever came, the child must not go on as the parent)
            Counting.stop()
            with log.open('a') as file:
                traceback.print_exc(file=file)
        os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == -signal.SIGKILL:
        return True, []
    if status != 0:
        raise RuntimeError(f'exit {status}: {log.read_text()[-2000:]}')
    return False, json.loads(names.read_text())


def draw(names: list[str], count: int, seed: int) -> list[int]:
    """Draw operations, in turn of each kind, so that the rare ones are among them."""
    generator = random.Random(seed)
    kinds = {name: [number for number, other in enumerate(names) if other == name] for name in sorted(set(names))}
    for numbers in kinds.values():
        generator.shuffle(numbers)
    order = sorted(kinds)
    generator.shuffle(order)
    drawn: list[int] = []
    while len(drawn) < count and any(kinds.values()):
        drawn += [kinds[name].pop() for name in order if kinds[name]]
    return drawn[:count]
