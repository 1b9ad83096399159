"""What holds requests back: a rate limit with pauses, a budget, a reason to stop, Ctrl-C."""

from __future__ import annotations

import asyncio
import math
import signal
from collections.abc import Awaitable, Callable

__all__ = ['Budget', 'RateLimiter', 'StopSignal', 'run_until_interrupted']


class StopSignal:
    """Whether to stop, and why. Requests in flight are finished; no new one begins."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    def __bool__(self) -> bool:
        return self.reason is not None

    def set(self, reason: str) -> None:
        """Stop; the first reason stays."""
        if self.reason is None:
            self.reason = reason
            for future in self._waiting:
                if not future.done():
                    future.set_result(None)

    async def wait(self) -> None:
        """Return when it is time to stop."""
        if self.reason is None:
            future = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)

    async def sleep(self, seconds: float) -> None:
        """Wait so long, or until it is time to stop."""
        if seconds > 0:
            try:
                await asyncio.wait_for(self.wait(), seconds)
            except asyncio.TimeoutError:
                pass


class RateLimiter:
    """The rate limit of one model: requests pass at even distances, and none while the server asks to wait.

    Args:
        per_minute: requests a minute; ``None`` for no limit.
        stop: ends every wait.
    """

    def __init__(self, per_minute: float | None, stop: StopSignal) -> None:
        self._interval = 60 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._paused_until = 0.0
        self._stop = stop

    def pause(self, seconds: float) -> None:
        """Let nothing pass for so long."""
        self._paused_until = max(self._paused_until, asyncio.get_running_loop().time() + seconds)

    async def wait(self) -> None:
        """Return when a request may go out, or when it is time to stop."""
        time = asyncio.get_running_loop().time
        if self._interval:
            slot = max(time(), self._next)
            self._next = slot + self._interval
            await self._stop.sleep(slot - time())
        while not self._stop and self._paused_until > time():
            await self._stop.sleep(self._paused_until - time())


class Budget:
    """Money: what a request may cost at most is set aside before it is sent, so that the limit is not exceeded.

    Args:
        limit: US dollars for the whole store; ``None`` for no limit.
        spent: what earlier runs spent; never a credit.
    """

    def __init__(self, limit: float | None, spent: float = 0.0) -> None:
        self.limit, self.spent, self._reserved = limit, max(0.0, spent), 0.0

    def reserve(self, amount: float) -> bool:
        """Set ``amount`` aside, if it is there."""
        if self.limit is not None and not self.spent + self._reserved + amount <= self.limit:
            return False
        self._reserved += amount
        return True

    def settle(self, reserved: float, paid: float) -> None:
        """Give back what was set aside and book what was paid; what is no amount is booked as it was set aside."""
        self._reserved = max(0.0, self._reserved - reserved)
        self.spent += paid if math.isfinite(paid) and paid >= 0 else reserved


def run_until_interrupted(work: Callable[[], Awaitable[None]], stop: StopSignal) -> None:
    """Run ``work``; the first Ctrl-C lets the requests in flight end, the second does not wait for them."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()

        def interrupt() -> None:
            if stop and task is not None:
                task.cancel()
            stop.set('interrupted')

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupt)
        try:
            await work()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    try:
        asyncio.run(main())
    except asyncio.CancelledError:  # the second Ctrl-C
        if not stop:
            raise
