"""Putting questions to one model, against endpoints that are functions: errors, cost, back-pressure."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from next_mm.captioning.llm.client import LLMClient
from next_mm.captioning.llm.endpoint import AskError
from next_mm.captioning.llm.jobs import Counts, Job, Judgement
from next_mm.captioning.llm.limits import Budget, StopSignal
from next_mm.captioning.llm.replies import Reply
from next_mm.captioning.settings import ModelSettings
from next_mm.captioning.store import Answer, Store


class FakeEndpoint:
    """An endpoint that is a function of the messages."""

    def __init__(self, answer: Callable[..., Any], look: AskError | None = None) -> None:
        self._answer, self._look = answer, look

    async def look(self) -> None:
        if self._look is not None:
            raise self._look

    async def ask(self, messages: Any, *_: Any) -> Reply:
        return await self._answer(messages)

    async def close(self) -> None:
        pass


def accept(reply: Reply) -> Judgement:
    return Judgement(Answer('complete', reply.text), 1)


def ask_all(
    tmp_path: Path,
    ask: Callable[..., Any],
    judge: Callable[[Reply], Judgement] = accept,
    *,
    size: int = 2,
    budget: Budget | None = None,
    jobs: int = 6,
    drawn: list[int] | None = None,
    stop: StopSignal | None = None,
    look: AskError | None = None,
    **model: Any,
) -> tuple[Counts, list[tuple[str, float]]]:
    """Ask an endpoint of one's own; returns the counts and what was recorded of the requests."""
    settings = ModelSettings(name='m', model='m', base_url='http://localhost/v1', max_concurrency=size, **model)

    async def draw() -> AsyncIterator[Job]:
        for number in range(jobs):
            if drawn is not None:
                drawn.append(number)
            message = {'role': 'user', 'content': f'{number}'}
            yield Job(f'picture {number}', 'v', [message], judge, image_tokens=100)

    async def run(store: Store) -> Counts:
        client = LLMClient(
            settings,
            FakeEndpoint(ask, look),
            store=store,
            budget=budget or Budget(None),
            stop=StopSignal() if stop is None else stop,
        )
        return await asyncio.wait_for(client.run(draw()), 30)

    path = tmp_path / 's.sqlite'
    with Store(path) as store:
        counts = asyncio.run(run(store))
    with sqlite3.connect(path) as db:
        return counts, db.execute('SELECT outcome, cost FROM requests').fetchall()


def test_a_fault_ends_the_run_and_what_is_in_flight_is_kept(tmp_path: Path) -> None:
    async def ask(messages: Any) -> Reply:
        if messages[0]['content'] != '0':
            await asyncio.sleep(0.2)
        return Reply(messages[0]['content'], 'stop', False, 1, 1)

    def judge(reply: Reply) -> Judgement:
        if reply.text == '0':
            raise ZeroDivisionError
        return accept(reply)

    with pytest.raises(ZeroDivisionError):
        ask_all(tmp_path, ask, judge)
    with Store(tmp_path / 's.sqlite') as store:
        kept = {found.subject: found.answer for found in store.answers.to_prompts(['v'])}
    # both were paid for: the one that was read, and the one that could not be
    assert {subject: answer.status for subject, answer in kept.items()} == {
        'picture 0': 'received',
        'picture 1': 'complete',
    }
    assert kept['picture 0'].raw == '0'


def test_a_cancelled_run_books_what_was_sent_though_a_request_swallows_its_cancellation(tmp_path: Path) -> None:
    """As asyncio.wait_for of Python 3.11 does when its request has just ended."""

    async def ask(messages: Any) -> Reply:
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            if messages[0]['content'] == '0':
                raise
        return Reply('late', 'stop', False, 1, 1)

    async def interrupt() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().call_later(0.2, task.cancel)
        settings = ModelSettings(
            name='m', model='m', base_url='http://localhost/v1', max_concurrency=2, price_input=1e6
        )

        async def draw() -> AsyncIterator[Job]:
            for number in range(6):
                yield Job(f'picture {number}', 'v', [{'role': 'user', 'content': f'{number}'}], accept)

        with Store(tmp_path / 's.sqlite') as store:
            client = LLMClient(settings, FakeEndpoint(ask), store=store, budget=Budget(None), stop=StopSignal())
            await client.run(draw())

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(interrupt())
    with sqlite3.connect(tmp_path / 's.sqlite') as db:
        assert sorted(db.execute('SELECT outcome FROM requests')) == [('abandoned',), ('complete',)]


def test_nothing_is_sent_where_there_is_no_server(tmp_path: Path) -> None:
    stop = StopSignal()
    asked: list[Any] = []

    async def ask(messages: Any) -> Reply:
        asked.append(messages)
        return Reply('x', 'stop', False, 1, 1)

    ask_all(tmp_path, ask, stop=stop, look=AskError('disconnected', 'http://localhost/v1: refused'))
    assert not asked and stop.reason is not None
    assert 'm: there is no answer from http://localhost/v1: refused' in stop.reason


def test_a_request_without_an_answer_is_booked_at_its_input(tmp_path: Path) -> None:
    outcomes = {
        '0': AskError('timeout', 't', may_cost=True),
        '1': AskError('disconnected', 'd', may_cost=True),
        '2': AskError('disconnected', 'refused'),
    }

    async def ask(messages: Any) -> Reply:
        if messages[0]['content'] in outcomes:
            raise outcomes[messages[0]['content']]
        return Reply('x', 'stop', False, 1000, 10)

    budget = Budget(100.0)
    counts, requests = ask_all(tmp_path, ask, size=1, budget=budget, jobs=4, price_input=1000.0, max_attempts=1)
    assert [cost for outcome, cost in requests if outcome == 'complete'] == [1.0]
    assert sorted(cost > 0 for outcome, cost in requests if outcome != 'complete') == [False, True, True]
    assert sum(cost for _, cost in requests) == pytest.approx(budget.spent) == pytest.approx(counts.cost)


def test_work_is_drawn_as_it_is_needed(tmp_path: Path) -> None:
    drawn: list[int] = []
    asked: list[Any] = []
    ahead: list[int] = []

    async def ask(messages: Any) -> Reply:
        asked.append(messages)
        await asyncio.sleep(0.001)
        ahead.append(len(drawn) - len(asked))
        return Reply('x', 'stop', False, 1, 1)

    counts, _ = ask_all(tmp_path, ask, size=3, jobs=60, drawn=drawn)
    assert counts.answers['complete'] == len(drawn) == 60
    assert max(ahead) <= 3 + 1  # a queue as long as there may be requests in flight, and the one that waits to enter it
