"""The HTTP client of an endpoint."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from next_mm.captioning.llm.endpoint import AskError, ChatEndpoint, read_retry_after
from next_mm.captioning.settings import ModelSettings

MODEL = dict(name='m', model='m', base_url='http://localhost/v1')


def test_retry_after_in_all_its_forms():
    assert read_retry_after({'retry-after': '2.5'}) == 2.5 and read_retry_after({'retry-after-ms': '300'}) == 0.3
    assert (
        read_retry_after({'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT'}) == 0
        and read_retry_after({}) is None
        and read_retry_after({'retry-after': 'soon'}) is None
    )


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


def test_an_answer_that_quotes_the_key_comes_without_it(monkeypatch: pytest.MonkeyPatch):
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


def test_what_was_never_sent_costs_nothing():
    settings = ModelSettings(**{**MODEL, 'base_url': 'http://127.0.0.1:9/v1'})

    async def ask() -> AskError:
        endpoint = ChatEndpoint(settings)
        with pytest.raises(AskError) as caught:
            await endpoint.ask([{'role': 'user', 'content': 'x'}], 16)
        await endpoint.close()
        return caught.value

    error = asyncio.run(ask())
    assert error.kind == 'disconnected' and not error.may_cost
