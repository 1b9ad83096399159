"""From the wire to the disk, also while another program holds the store: wait a while, then use a file beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial

from next_mm.captioning.llm.limits import StopSignal
from next_mm.captioning.store import Answer, Request, Store, StoreError, rescue_path

__all__ = ['PATIENCE', 'Recorder']

PATIENCE = 30.0
"""Seconds to wait for a store that another program holds; then the run stops."""
_TRY, _PAUSE = 0.05, 0.1


class Recorder:
    """Writes requests and answers down; nothing that came is lost.

    Args:
        store: where they go.
        stop: set once the store has been held for too long.
        patience: seconds that this takes.
    """

    def __init__(self, store: Store, stop: StopSignal, patience: float = PATIENCE) -> None:
        self.store, self.stop, self.patience = store, stop, patience
        self._turn = asyncio.Lock()

    async def record(
        self, subject: str, model: str, prompt: str, request: Request | None, answer: Answer | None
    ) -> None:
        """Write one down, as :meth:`Store.record` does, but let the requests in flight go on while the store is held.

        Raises:
            StoreError: it can be written nowhere, for want of room for instance.
        """
        write = partial(Store.record, subject=subject, model=model, prompt=prompt, request=request, answer=answer)
        kept = False
        try:
            async with self._turn:  # one tries, the others wait behind it, and so no new request goes out
                kept = await self._try(write)
        finally:  # also where a second Ctrl-C ends the wait
            if not kept:
                with Store(rescue_path(self.store.path)) as spare:
                    write(spare)

    async def _try(self, write: Callable[..., None]) -> bool:
        end = time.monotonic() + self.patience
        while True:
            try:
                write(self.store, wait=_TRY)
                return True
            except StoreError as error:
                if self.stop or time.monotonic() > end:
                    self.stop.set(str(error))
                    return False
            await self.stop.sleep(_PAUSE)
