"""Many questions to one model: concurrently, with back-pressure, retries, a budget, and every answer written down at once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence

from next_mm.captioning.endpoint import AskError, ChatEndpoint, Reply, estimate_tokens
from next_mm.captioning.jobs import Job, Tally, Verdict
from next_mm.captioning.limits import Budget, Gate, Stop
from next_mm.captioning.recording import Recorder
from next_mm.captioning.settings import ModelSettings
from next_mm.captioning.store import Answer, Request, Store

LONGEST_PAUSE = 300.0
"""Seconds; a server that asks to wait longer stops the run instead."""
REASKS = 1
"""How often a question is put again when its answer came but cannot be used."""


async def _all_or_first_error(tasks: list[asyncio.Task]) -> None:
    pending = set(tasks)
    while pending:  # a cancelled feeder ends the wait early
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            if not task.cancelled() and task.exception() is not None:
                raise task.exception()


async def _cancel_all(tasks: Sequence[asyncio.Task]) -> None:
    while pending := [task for task in tasks if not task.done()]:
        for (
            task
        ) in pending:  # more than once: asyncio.wait_for (Python 3.11) swallows the cancellation of what has just ended
            task.cancel()
        await asyncio.wait(pending, timeout=1)
    await asyncio.gather(*tasks, return_exceptions=True)


class Asker:
    """Puts questions to one model.

    Args:
        settings: limits of the model.
        store: where requests and answers go.
        budget, stop: shared with the other models of the run.
        progress: called after every question that is settled.

    Raises:
        ValueError: the key's environment variable is not set.
    """

    def __init__(
        self,
        settings: ModelSettings,
        store: Store,
        budget: Budget,
        stop: Stop,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings, self.budget, self.stop, self.progress = settings, budget, stop, progress
        self.tally = Tally()
        self._endpoint = ChatEndpoint(settings)
        self._recorder = Recorder(store, stop)
        self._gate = Gate(settings.requests_per_minute, stop)
        self._failed_in_a_row = 0
        # What requests took at most so far: the budget sets aside as much. Before there are any, a rule of thumb with a margin.
        self._most_in, self._most_out = store.most_tokens(settings.name)

    async def run(self, jobs: AsyncIterator[Job]) -> Tally:
        """Ask all ``jobs``; they are drawn as they are needed, a few ahead of the requests in flight."""
        size = self.settings.max_concurrency
        queue: asyncio.Queue[Job | None] = asyncio.Queue(maxsize=size)

        async def feed() -> None:
            async for job in jobs:
                await queue.put(job)
            for _ in range(size):
                await queue.put(None)

        async def work() -> None:
            while not self.stop and (job := await queue.get()) is not None:
                await self._settle(job)

        async def wind_down() -> None:
            await self.stop.wait()
            feeder.cancel()
            while not queue.empty():
                queue.get_nowait()
            for _ in range(size):  # wakes the workers that wait for a job
                queue.put_nowait(None)

        feeder = asyncio.create_task(feed())
        guard = asyncio.create_task(wind_down())
        workers = [asyncio.create_task(work()) for _ in range(size)]
        try:
            await _all_or_first_error([feeder, *workers])
        except BaseException as error:
            self.stop.set(
                f'{self.settings.name}: {type(error).__name__}'
            )  # first: who survives the cancellation takes no other job
            raise
        finally:
            await _cancel_all([feeder, guard, *workers])
            await self._endpoint.close()
        return self.tally

    async def _settle(self, job: Job) -> None:
        """Ask until there is an answer, or no hope of one, or it is time to stop."""
        best: Verdict | None = None
        messages, max_tokens, faults, waits, reasks = job.messages, self.settings.max_tokens, 0, 0, 0
        while True:
            await self._gate.wait()
            most_in = max(self._most_in, round(1.3 * (estimate_tokens(messages) + job.image_tokens)))
            dearest = self.settings.cost(most_in, max(self._most_out, max_tokens))
            if self.stop or not self._reserve(dearest):
                if best is not None:  # paid for: kept, such as it is
                    await self._finish(job, best.answer, None)
                return
            began = time.monotonic()
            try:
                reply = await self._endpoint.ask(messages, max_tokens, job.response_format)
            except AskError as error:
                request = self._book_failure(error.kind, most_in if error.may_cost else 0, dearest, began)
                faults, waits = faults + (error.kind != 'rate_limited'), waits + (error.kind == 'rate_limited')
                if self._hopeless(error, faults, waits):
                    await self._give_up(job, error, best, request)
                    return
                await self._note(job, request, None)
                await self._pause(error, faults + waits)
                continue
            except asyncio.CancelledError:
                request = self._book_failure('abandoned', most_in, dearest, began)
                await self._note(job, request, best.answer if best else None)
                raise
            verdict = job.judge(reply)
            request = self._book(reply, verdict, dearest, time.monotonic() - began)
            best = verdict if best is None or verdict.rank > best.rank else best
            if not verdict.ask_again or reasks >= REASKS:
                await self._finish(job, best.answer, request)
                return
            await self._note(job, request, None)
            reasks += 1
            max_tokens = self.settings.max_tokens * (2 if reply.finish_reason == 'length' else 1)
            messages = _with_complaint(job, reply, verdict)

    def _hopeless(self, error: AskError, faults: int, waits: int) -> bool:
        if error.fatal:
            self.stop.set(f'{self.settings.name}: {error}')
        attempts = self.settings.max_attempts
        return error.fatal or not error.passing or faults >= attempts or waits >= 5 * attempts

    def _reserve(self, amount: float) -> bool:
        if self.budget.reserve(amount):
            return True
        self.stop.set(
            f'the budget of ${self.budget.limit:g} does not cover another request (spent ${self.budget.spent:.4f})'
        )
        return False

    def _book(self, reply: Reply, verdict: Verdict, reserved: float, seconds: float) -> Request:
        cost = self.settings.cost(reply.tokens_in, reply.tokens_out)
        self.budget.settle(reserved, cost)
        self.tally.cost += cost
        self._most_in, self._most_out = max(self._most_in, reply.tokens_in), max(self._most_out, reply.tokens_out)
        return Request(verdict.answer.status, reply.tokens_in, reply.tokens_out, cost, seconds)

    def _book_failure(self, outcome: str, tokens_in: int, reserved: float, began: float) -> Request:
        """Book a request that brought nothing; if it may be charged for, its input. What was written in vain, nobody tells us."""
        cost = self.settings.cost(tokens_in, 0)
        self.budget.settle(reserved, cost)
        self.tally.cost += cost
        return Request(
            outcome, cost=cost, seconds=time.monotonic() - began
        )  # no tokens: the estimate averages what was counted

    async def _pause(self, error: AskError, times: int) -> None:
        if error.retry_after is not None and error.retry_after > LONGEST_PAUSE:
            self.stop.set(f'{self.settings.name}: asked to wait {error.retry_after:.0f} s ({error}); start again later')
        elif error.retry_after is not None:
            self._gate.pause(error.retry_after)  # what is said to one request is meant for all
        else:
            await self.stop.sleep(min(60.0, 0.25 * 2 ** min(times, 8)) * random.uniform(0.5, 1))

    async def _give_up(self, job: Job, error: AskError, best: Verdict | None, request: Request) -> None:
        if best is not None:
            await self._finish(job, best.answer, request)
            return
        self._failed_in_a_row += 1
        if not error.fatal:  # a wrong key says nothing about the picture
            await self._note(job, request, Answer('unreached' if error.passing else 'rejected', raw=str(error)))
        else:
            await self._note(job, request, None)
        limit = max(10, self.settings.max_concurrency)
        if self._failed_in_a_row >= limit:
            self.stop.set(f'{self.settings.name}: {limit} questions in a row failed, the last with: {error}')

    async def _finish(self, job: Job, answer: Answer, request: Request | None) -> None:
        self._failed_in_a_row = 0
        await self._note(job, request, answer)

    async def _note(self, job: Job, request: Request | None, answer: Answer | None) -> None:
        await self._recorder.record(job.subject, self.settings.name, job.prompt, request, answer)
        if request is not None:
            self.tally.requests[request.outcome] += 1
        if answer is not None:
            self.tally.answers[answer.status] += 1
            self.tally.notes.update(answer.notes)
            self.progress()


def _with_complaint(job: Job, reply: Reply, verdict: Verdict) -> list[dict]:
    if not verdict.complaint:
        return job.messages
    return [*job.messages, {'role': 'assistant', 'content': reply.text}, {'role': 'user', 'content': verdict.complaint}]
