"""Many questions to one model: concurrent, with back-pressure, retries and a budget; every answer is stored at once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from next_mm.captioning.llm.endpoint import AskError, Endpoint
from next_mm.captioning.llm.jobs import Counts, Job, Judgement
from next_mm.captioning.llm.limits import Budget, RateLimiter, StopSignal
from next_mm.captioning.llm.recorder import PATIENCE, Recorder
from next_mm.captioning.llm.replies import Message, Reply, estimate_tokens
from next_mm.captioning.settings import ModelSettings
from next_mm.captioning.store import CUT_OFF, RECEIVED, Answer, Request, Store
from next_mm.utils.text import cut_middle

__all__ = ['LONGEST_PAUSE', 'MAX_REASKS', 'LLMClient']

LONGEST_PAUSE = 300.0
"""Seconds; a server that asks to wait longer stops the run instead."""
MAX_REASKS = 1
"""How often a question is put again when its answer came but cannot be used."""
_LONGEST_QUOTE = 2000
"""Characters of an answer that are sent back with a complaint."""
_FIRST_PAUSE, _LONGEST_BACK_OFF = 0.25, 60.0
_MARGIN = 1.3


@dataclass
class _Attempt:
    """How far a question has come."""

    messages: Sequence[Message]
    max_tokens: int
    best: Judgement | None = None
    faults: int = 0
    waits: int = 0
    reasks: int = 0
    reserved: float = 0.0
    most_in: int = 0
    began: float = field(default_factory=time.monotonic)


class LLMClient:
    """Puts questions to one model.

    Args:
        settings: limits of the model.
        endpoint: who is asked; it is closed at the end.
        store: where requests and answers go.
        budget: shared with the other models of the run.
        stop: likewise.
        progress: called after every question that is settled.
        patience: seconds to wait for a store that another program holds.
    """

    def __init__(
        self,
        settings: ModelSettings,
        endpoint: Endpoint,
        *,
        store: Store,
        budget: Budget,
        stop: StopSignal,
        progress: Callable[[], None] = lambda: None,
        patience: float = PATIENCE,
    ) -> None:
        self.settings, self.budget, self.stop, self.progress = settings, budget, stop, progress
        self.counts = Counts()
        self._endpoint = endpoint
        self._recorder = Recorder(store, stop, patience)
        self._limiter = RateLimiter(settings.requests_per_minute, stop)
        self._failed_in_a_row = 0
        # The budget sets aside what requests took at most so far; before there are any, a rule of thumb with a margin.
        self._most_in, self._most_out = store.requests.most_tokens(settings.name)

    async def run(self, jobs: AsyncIterator[Job]) -> Counts:
        """Ask all ``jobs``; they are drawn as they are needed, a few ahead of the requests in flight.

        An error ends the run. What is in flight by then is paid for: those requests end first, unless the run is
        cancelled.
        """
        size = self.settings.max_concurrency
        queue: asyncio.Queue[Job | None] = asyncio.Queue(maxsize=size)

        async def feed() -> None:
            looked = False
            async for job in jobs:
                looked = looked or await self._there_is_a_server()
                if not looked:
                    return
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
        for task in (feeder, *workers):
            task.add_done_callback(self._stop_on_error)
        try:
            await asyncio.wait([feeder, *workers])
        except BaseException as error:
            self.stop.set(f'{self.settings.name}: {type(error).__name__}')
            raise
        finally:
            await _cancel_all([feeder, guard, *workers])
            await self._endpoint.close()
        for task in (feeder, *workers):
            if not task.cancelled() and (failure := task.exception()) is not None:
                raise failure
        return self.counts

    def _stop_on_error(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.stop.set(f'{self.settings.name}: {type(error).__name__}')

    async def _there_is_a_server(self) -> bool:
        """A cheap look before the first picture is read and sent."""
        try:
            await self._endpoint.look()
        except AskError as error:
            self.stop.set(
                f'{self.settings.name}: there is no answer from {error}. Is the server running? Nothing was sent'
            )
        return not self.stop

    async def _settle(self, job: Job) -> None:
        """Ask until there is an answer, or no hope of one, or it is time to stop."""
        attempt = _Attempt(job.messages, self.settings.max_tokens)
        while True:
            await self._limiter.wait()
            attempt.most_in = max(
                self._most_in, round(_MARGIN * (estimate_tokens(attempt.messages) + job.image_tokens))
            )
            attempt.reserved = self.settings.cost(attempt.most_in, max(self._most_out, attempt.max_tokens))
            if self.stop or not self._reserve(attempt.reserved):
                if attempt.best is not None:  # paid for: kept, such as it is
                    await self._finish(job, attempt.best.answer, None)
                return
            attempt.began = time.monotonic()
            try:
                reply = await self._endpoint.ask(
                    attempt.messages, attempt.max_tokens, job.response_format, job.image_tokens
                )
            except AskError as error:
                if await self._is_given_up(job, attempt, error):
                    return
            except asyncio.CancelledError:
                request = self._book_failure('abandoned', attempt, may_cost=True)
                await self._note(job, request, attempt.best.answer if attempt.best else None)
                raise
            else:
                if await self._is_answered(job, attempt, reply):
                    return

    async def _is_answered(self, job: Job, attempt: _Attempt, reply: Reply) -> bool:
        request = self._book(reply, attempt)
        try:
            judgement = job.judge(reply)
        except Exception:  # a fault of ours; the answer is paid for and kept, for a program without it to read
            request = Request('received', request.tokens_in, request.tokens_out, request.cost, request.seconds)
            notes = {CUT_OFF: 1} if reply.finish_reason == 'length' else {}
            await self._note(job, request, Answer(RECEIVED, job.keep(reply.text), notes=notes))
            raise
        request = Request(judgement.answer.status, request.tokens_in, request.tokens_out, request.cost, request.seconds)
        if attempt.best is None or judgement.rank > attempt.best.rank:
            attempt.best = judgement
        if not judgement.ask_again or attempt.reasks >= MAX_REASKS:
            await self._finish(job, attempt.best.answer, request)
            return True
        await self._note(job, request, None)
        attempt.reasks += 1
        attempt.max_tokens = self.settings.max_tokens * (2 if reply.finish_reason == 'length' else 1)
        attempt.messages = _with_complaint(job, reply, judgement)
        return False

    async def _is_given_up(self, job: Job, attempt: _Attempt, error: AskError) -> bool:
        request = self._book_failure(error.kind, attempt, may_cost=error.may_cost)
        attempt.faults += error.kind != 'rate_limited'
        attempt.waits += error.kind == 'rate_limited'
        if self._is_hopeless(error, attempt):
            await self._give_up(job, error, attempt.best, request)
            return True
        await self._note(job, request, None)
        await self._pause(error, attempt.faults + attempt.waits)
        return False

    def _is_hopeless(self, error: AskError, attempt: _Attempt) -> bool:
        if error.fatal:
            self.stop.set(f'{self.settings.name}: {error}')
        most = self.settings.max_attempts
        return error.fatal or not error.passing or attempt.faults >= most or attempt.waits >= 5 * most

    def _reserve(self, amount: float) -> bool:
        if self.budget.reserve(amount):
            return True
        self.stop.set(
            f'the budget of ${self.budget.limit:g} does not cover another request (spent ${self.budget.spent:.4f})'
        )
        return False

    def _book(self, reply: Reply, attempt: _Attempt) -> Request:
        cost = self.settings.cost(reply.tokens_in, reply.tokens_out)
        self.budget.settle(attempt.reserved, cost)
        self.counts.cost += cost
        self.counts.notes.update(reply.notes)
        self._most_in, self._most_out = max(self._most_in, reply.tokens_in), max(self._most_out, reply.tokens_out)
        return Request('', reply.tokens_in, reply.tokens_out, cost, time.monotonic() - attempt.began)

    def _book_failure(self, outcome: str, attempt: _Attempt, may_cost: bool) -> Request:
        """Book a request that failed: its input, if it may be charged for. Its output is unknown and not booked."""
        cost = self.settings.cost(attempt.most_in, 0) if may_cost else 0.0
        self.budget.settle(attempt.reserved, cost)
        self.counts.cost += cost
        # no tokens: the estimate averages what was counted
        return Request(outcome, cost=cost, seconds=time.monotonic() - attempt.began)

    async def _pause(self, error: AskError, times: int) -> None:
        """Back off, at least as long as the server asks; longer from time to time, whatever it asks."""
        pause = min(_LONGEST_BACK_OFF, _FIRST_PAUSE * 2 ** min(times, 8)) * random.uniform(0.5, 1)
        if error.retry_after is not None and error.retry_after > LONGEST_PAUSE:
            self.stop.set(f'{self.settings.name}: asked to wait {error.retry_after:.0f} s ({error}); start again later')
        elif error.retry_after is not None or error.kind == 'rate_limited':
            self._limiter.pause(max(pause, error.retry_after or 0.0))  # what is said to one request is meant for all
        else:
            await self.stop.sleep(pause)

    async def _give_up(self, job: Job, error: AskError, best: Judgement | None, request: Request) -> None:
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
            self.counts.requests[request.outcome] += 1
        if answer is not None:
            self.counts.answers[answer.status] += 1
            self.counts.notes.update(answer.notes)
            self.progress()


async def _cancel_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    while pending := [task for task in tasks if not task.done()]:
        # more than once: asyncio.wait_for (Python 3.11) swallows the cancellation of what has just ended
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=1)
    await asyncio.gather(*tasks, return_exceptions=True)


def _with_complaint(job: Job, reply: Reply, judgement: Judgement) -> Sequence[Message]:
    if not judgement.complaint:
        return job.messages
    said = {'role': 'assistant', 'content': cut_middle(reply.text, _LONGEST_QUOTE)}
    return [*job.messages, said, {'role': 'user', 'content': judgement.complaint}]
