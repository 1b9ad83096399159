"""Rate limits, budgets, reasons to stop."""

from __future__ import annotations

import asyncio
import time

from next_mm.captioning.llm.limits import Budget, RateLimiter, StopSignal


def test_budget_is_never_exceeded() -> None:
    budget = Budget(1.0, spent=0.5)
    assert budget.reserve(0.3) and not budget.reserve(0.3) and budget.reserve(0.2)
    budget.settle(0.3, 0.1)
    assert budget.reserve(0.2) and not budget.reserve(0.01)
    assert Budget(None).reserve(1e9)


def test_the_limiter_spaces_requests_and_stop_wakes_sleepers() -> None:
    async def run() -> tuple[float, float]:
        stop = StopSignal()
        limiter = RateLimiter(6000, stop)
        began = time.monotonic()
        await asyncio.gather(*(limiter.wait() for _ in range(11)))
        spaced = time.monotonic() - began
        limiter.pause(60)
        asyncio.get_running_loop().call_later(0.05, stop.set, 'enough')
        began = time.monotonic()
        await limiter.wait()
        return spaced, time.monotonic() - began

    spaced, woken = asyncio.run(run())
    assert spaced >= 0.095 and woken < 30


def test_a_budget_never_gains_credit() -> None:
    budget = Budget(1.0, spent=-36.0)
    for paid in (-5.0, float('nan'), float('-inf'), float('inf')):
        assert budget.reserve(0.2)
        budget.settle(0.2, paid)
    assert 0.79 < budget.spent < 0.81  # booked as they were set aside
    assert not budget.reserve(0.3)
