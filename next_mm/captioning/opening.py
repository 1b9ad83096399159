"""One run at a time on a store: two would ask, and pay for, the same questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from rich.console import Console

from next_mm.captioning.recording import rescue_path
from next_mm.captioning.store import Store, StoreError


@contextmanager
def open_alone(path: Path, others: Sequence[Path], console: Console) -> Iterator[Store]:
    """Open a store for one run, with the answers of others and of a run that could not write.

    Args:
        path: the store; the lock is a file beside it, and the system gives it up with the process, however that ends.
        others: stores whose answers come in first.
        console: told how many did.

    Raises:
        StoreError: another run has it, or it cannot be opened.
        FileNotFoundError: one of the others is not there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f'{path}.lock', timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise StoreError(f'{path}: another run is working on this store; wait for its end, or stop it') from None
    try:
        with Store(path) as store:
            rescued = rescue_path(path)
            for other in (*([rescued] if rescued.is_file() else []), *others):
                console.print(f'{store.absorb(other):,} answers taken over from {other}', highlight=False)
            for ending in ('', '-wal', '-shm'):
                Path(f'{rescued}{ending}').unlink(missing_ok=True)
            yield store
    finally:
        lock.release()
