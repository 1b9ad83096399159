"""Putting questions to one model, against endpoints that are functions: errors, cost, back-pressure."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from next_mm.captioning import Store, asking, parse_settings
from next_mm.captioning.asking import Asker
from next_mm.captioning.endpoint import AskError, ChatEndpoint, Reply
from next_mm.captioning.jobs import Job, Verdict
from next_mm.captioning.limits import Budget, Stop
from next_mm.captioning.settings import ModelSettings
from next_mm.captioning.store import Answer

MODEL = dict(name='m', model='m', base_url='http://localhost/v1')


def ask_all(
    tmp_path,
    monkeypatch,
    ask,
    judge=None,
    size: int = 2,
    budget: Budget | None = None,
    jobs: int = 6,
    drawn: list | None = None,
    **model,
):
    """Ask an endpoint of one's own; returns the tally and what was recorded of the requests."""
    endpoint = type('Endpoint', (), {'ask': staticmethod(ask), 'close': staticmethod(lambda: asyncio.sleep(0))})
    monkeypatch.setattr(asking, 'ChatEndpoint', lambda _: endpoint)
    settings = parse_settings(
        dict(dataset={}, schema='person', store='s', captions='t', models=[dict(MODEL, max_concurrency=size, **model)]),
        'c',
    ).models[0]
    judge = judge or (lambda reply: Verdict(Answer('complete', reply.text), 1))

    async def draw():
        for number in range(jobs):
            if drawn is not None:
                drawn.append(number)
            yield Job(f'picture {number}', 'v', [{'role': 'user', 'content': f'{number}'}], judge, image_tokens=100)

    async def run():
        return await asyncio.wait_for(Asker(settings, store, budget or Budget(None), Stop()).run(draw()), 30)

    with Store(tmp_path / 's.sqlite') as store:
        return asyncio.run(run()), store.db.execute('SELECT outcome, cost FROM requests').fetchall()


def test_an_error_ends_the_run_though_a_request_swallows_its_cancellation(tmp_path, monkeypatch):
    """As asyncio.wait_for of Python 3.11 does when its request has just ended."""

    async def ask(messages, *_):
        if messages[0]['content'] != '0':
            try:
                await asyncio.sleep(20)
            except asyncio.CancelledError:
                pass
        return Reply(messages[0]['content'], 'stop', False, 1, 1)

    def judge(reply):
        if reply.text == '0':
            raise ZeroDivisionError
        return Verdict(Answer('complete', reply.text), 1)

    with pytest.raises(ZeroDivisionError):
        ask_all(tmp_path, monkeypatch, ask, judge)
    with Store(tmp_path / 's.sqlite') as store:
        assert [subject for subject, *_ in store.answers(['v'])] == ['picture 1']  # it came, so it is kept


def test_a_request_without_an_answer_is_booked_at_its_input(tmp_path, monkeypatch):
    outcomes = {
        '0': AskError('timeout', 't', may_cost=True),
        '1': AskError('disconnected', 'd', may_cost=True),
        '2': AskError('disconnected', 'refused'),
    }

    async def ask(messages, *_):
        if messages[0]['content'] in outcomes:
            raise outcomes[messages[0]['content']]
        return Reply('x', 'stop', False, 1000, 10)

    budget = Budget(100.0)
    tally, requests = ask_all(
        tmp_path, monkeypatch, ask, size=1, budget=budget, jobs=4, price_input=1000.0, max_attempts=1
    )
    assert [cost for outcome, cost in requests if outcome == 'complete'] == [1.0]
    assert sorted(cost > 0 for outcome, cost in requests if outcome != 'complete') == [False, True, True]
    assert sum(cost for _, cost in requests) == pytest.approx(budget.spent) == pytest.approx(tally.cost)


def test_what_was_never_sent_costs_nothing():
    settings = parse_settings(
        dict(
            dataset={}, schema='person', store='s', captions='t', models=[dict(MODEL, base_url='http://127.0.0.1:9/v1')]
        ),
        'c',
    )

    async def ask() -> AskError:
        endpoint = ChatEndpoint(settings.models[0])
        with pytest.raises(AskError) as caught:
            await endpoint.ask([{'role': 'user', 'content': 'x'}], 16)
        await endpoint.close()
        return caught.value

    error = asyncio.run(ask())
    assert error.kind == 'disconnected' and not error.may_cost


def test_work_is_drawn_as_it_is_needed(tmp_path, monkeypatch):
    drawn, asked, ahead = [], [], []

    async def ask(messages, *_):
        asked.append(messages)
        await asyncio.sleep(0.001)
        ahead.append(len(drawn) - len(asked))
        return Reply('x', 'stop', False, 1, 1)

    tally, _ = ask_all(tmp_path, monkeypatch, ask, size=3, jobs=60, drawn=drawn)
    assert tally.answers['complete'] == len(drawn) == 60
    assert max(ahead) <= 3 + 1  # a queue as long as there may be requests in flight, and the one that waits to enter it


class Echo(BaseHTTPRequestHandler):
    """Answers with the authorization that it was sent."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers['Content-Length']))
        words = f'I was sent {self.headers["Authorization"]}.'
        body = json.dumps(
            {'choices': [{'message': {'content': words}, 'finish_reason': self.headers['Authorization']}]}
        ).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Print nothing."""


def test_an_answer_that_quotes_the_key_comes_without_it(monkeypatch):
    monkeypatch.setenv('ECHO_KEY', 'sk-echoed-123')
    with HTTPServer(('localhost', 0), Echo) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        model = ModelSettings(
            name='m', model='m', base_url=f'http://localhost:{server.server_port}/v1', api_key_env='ECHO_KEY'
        )

        async def ask():
            endpoint = ChatEndpoint(model)
            try:
                return await endpoint.ask([{'role': 'user', 'content': 'hello'}], 10)
            finally:
                await endpoint.close()

        reply = asyncio.run(ask())
    assert (reply.text, reply.finish_reason) == ('I was sent Bearer ***.', 'Bearer ***')
