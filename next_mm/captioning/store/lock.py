"""File lock: at most one process per store, so that no question is sent and paid for twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from next_mm.captioning.store.database import StoreError
from next_mm.captioning.store.store import Store, rescue_path

__all__ = ['lock_store']


@contextmanager
def lock_store(
    path: Path, others: Sequence[Path] = (), say: Callable[[str], None] = lambda text: None
) -> Iterator[Store]:
    """Open a store for one run, with the answers of others and of a run that could not write.

    Args:
        path: the store; the lock is a file beside it, and the system gives it up with the process, however that ends.
        others: stores whose answers come in first.
        say: told how many did.

    Raises:
        StoreError: another run has it, it cannot be opened, or one of the others is not there.
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
                say(f'{store.absorb(other):,} answers taken over from {other}')
            for ending in ('', '-wal', '-shm'):
                Path(f'{rescued}{ending}').unlink(missing_ok=True)
            yield store
    finally:
        lock.release()
