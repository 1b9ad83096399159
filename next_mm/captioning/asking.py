"""Many questions to one model: concurrently, with back-pressure, retries, a budget, and every answer written down at once."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from .endpoint import AskError, ChatEndpoint, Reply, estimate_tokens
from .limits import Budget, Gate, Stop
from .settings import ModelSettings
from .store import Answer, Request, Store

LONGEST_PAUSE = 300.0
"""Seconds; a server that asks to wait longer stops the run instead."""
REASKS = 1
"""How often a question is put again when its answer came but cannot be used."""


@dataclass(frozen=True)
class Verdict:
    """What an answer is worth: the answer as it would be kept, its rank among several, whether to ask again, and what to add then."""

    answer: Answer
    rank: int
    ask_again: bool = False
    complaint: str = ''


@dataclass(frozen=True)
class Job:
    """One question: what it is about, how it reads, and who judges the answer."""

    subject: str
    prompt: str
    messages: list[dict]
    judge: Callable[[Reply], Verdict]
    response_format: dict | None = None
    image_tokens: int = 0


@dataclass
class Tally:
    """Counts of one run: HTTP requests by outcome, answers by state, repairs by name, and the money."""

    requests: Counter = field(default_factory=Counter)
    answers: Counter = field(default_factory=Counter)
    notes: Counter = field(default_factory=Counter)
    cost: float = 0.0


async def _all_or_first_error(tasks: list[asyncio.Task]) -> None:
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        if not task.cancelled() and task.exception() is not None:
            raise task.exception()
    await asyncio.wait(tasks)  # a cancelled feeder ends the wait above early


class Asker:
    """Puts questions to one model.

    Args:
        settings: limits of the model.
        store: where requests and answers go.
        budget, stop: shared with the other models of the run.
        progress: called after every question that is settled.
    """

    def __init__(
        self, settings: ModelSettings, store: Store, budget: Budget, stop: Stop, progress: Callable[[], None] = lambda: None
    ) -> None:
        self.settings, self.store, self.budget, self.stop, self.progress = settings, store, budget, stop, progress
        self.tally = Tally()
        self._gate = Gate(settings.requests_per_minute, stop)
        self._failed_in_a_row = 0
        # What requests took at most so far: the budget sets aside as much. Before there are any, a rule of thumb with a margin.
        self._most_in, self._most_out = store.most_tokens(settings.name)

    async def run(self, jobs: AsyncIterator[Job]) -> Tally:
        """Ask all ``jobs``; they are drawn as they are needed, a few ahead of the requests in flight."""
        size = self.settings.max_concurrency
        queue: asyncio.Queue[Job | None] = asyncio.Queue(maxsize=size)
        endpoint = ChatEndpoint(self.settings)

        async def feed() -> None:
            async for job in jobs:
                await queue.put(job)
            for _ in range(size):
                await queue.put(None)

        async def work() -> None:
            while not self.stop and (job := await queue.get()) is not None:
                await self._settle(endpoint, job)

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
        finally:
            for task in (feeder, guard, *workers):
                task.cancel()
            await asyncio.gather(feeder, guard, *workers, return_exceptions=True)
            await endpoint.close()
        return self.tally

    async def _settle(self, endpoint: ChatEndpoint, job: Job) -> None:
        """Ask until there is an answer, or no hope of one, or it is time to stop."""
        best: Verdict | None = None
        messages, max_tokens, faults, waits, reasks = job.messages, self.settings.max_tokens, 0, 0, 0
        while True:
            await self._gate.wait()
            dearest = self._dearest(messages, job.image_tokens, max_tokens)
            if self.stop or not self._reserve(dearest):
                if best is not None:  # paid for: kept, such as it is
                    self._finish(job, best.answer, None)
                return
            began = time.monotonic()
            try:
                reply = await endpoint.ask(messages, max_tokens, job.response_format)
            except AskError as error:
                self.budget.settle(dearest, 0)
                request = Request(error.kind, seconds=time.monotonic() - began)
                faults, waits = faults + (error.kind != 'rate_limited'), waits + (error.kind == 'rate_limited')
                if error.fatal:
                    self.stop.set(f'{self.settings.name}: {error}')
                out_of_patience = faults >= self.settings.max_attempts or waits >= 5 * self.settings.max_attempts
                if error.fatal or not error.passing or out_of_patience:
                    self._give_up(job, error, best, request)
                    return
                self._note(job, request, None)
                await self._pause(error, faults + waits)
                continue
            except asyncio.CancelledError:
                self.budget.settle(dearest, 0)
                raise
            verdict = job.judge(reply)
            request = self._book(reply, verdict, dearest, time.monotonic() - began)
            best = verdict if best is None or verdict.rank > best.rank else best
            if not verdict.ask_again or reasks >= REASKS:
                self._finish(job, best.answer, request)
                return
            self._note(job, request, None)
            reasks += 1
            max_tokens = self.settings.max_tokens * (2 if reply.finish_reason == 'length' else 1)
            messages = job.messages
            if verdict.complaint:
                messages = [*messages, {'role': 'assistant', 'content': reply.text}, {'role': 'user', 'content': verdict.complaint}]

    def _dearest(self, messages: list[dict], image_tokens: int, max_tokens: int) -> float:
        guess = round(1.3 * (estimate_tokens(messages) + image_tokens))
        return self.settings.cost(max(self._most_in, guess), max(self._most_out, max_tokens))

    def _reserve(self, amount: float) -> bool:
        if self.budget.reserve(amount):
            return True
        self.stop.set(f'the budget of ${self.budget.limit:g} does not cover another request (spent ${self.budget.spent:.4f})')
        return False

    def _book(self, reply: Reply, verdict: Verdict, reserved: float, seconds: float) -> Request:
        cost = self.settings.cost(reply.tokens_in, reply.tokens_out)
        self.budget.settle(reserved, cost)
        self.tally.cost += cost
        self._most_in, self._most_out = max(self._most_in, reply.tokens_in), max(self._most_out, reply.tokens_out)
        return Request(verdict.answer.status, reply.tokens_in, reply.tokens_out, cost, seconds)

    async def _pause(self, error: AskError, times: int) -> None:
        if error.retry_after is not None and error.retry_after > LONGEST_PAUSE:
            self.stop.set(f'{self.settings.name}: asked to wait {error.retry_after:.0f} s ({error}); start again later')
        elif error.retry_after is not None:
            self._gate.pause(error.retry_after)  # what is said to one request is meant for all
        else:
            await self.stop.sleep(min(60.0, 0.25 * 2 ** min(times, 8)) * random.uniform(0.5, 1))

    def _give_up(self, job: Job, error: AskError, best: Verdict | None, request: Request) -> None:
        if best is not None:
            self._finish(job, best.answer, request)
            return
        self._failed_in_a_row += 1
        if not error.fatal:  # a wrong key says nothing about the picture
            self._note(job, request, Answer('unreached' if error.passing else 'rejected', raw=str(error)))
        else:
            self._note(job, request, None)
        limit = max(10, self.settings.max_concurrency)
        if self._failed_in_a_row >= limit:
            self.stop.set(f'{self.settings.name}: {limit} questions in a row failed, the last with: {error}')

    def _finish(self, job: Job, answer: Answer, request: Request | None) -> None:
        self._failed_in_a_row = 0
        self._note(job, request, answer)

    def _note(self, job: Job, request: Request | None, answer: Answer | None) -> None:
        self.store.record(job.subject, self.settings.name, job.prompt, request, answer)
        if request is not None:
            self.tally.requests[request.outcome] += 1
        if answer is not None:
            self.tally.answers[answer.status] += 1
            self.tally.notes.update(answer.notes)
            self.progress()
