"""The HTTP client of an endpoint."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from next_mm.captioning.llm.endpoint import AskError, ChatEndpoint, read_retry_after
from next_mm.captioning.settings import ModelSettings


@pytest.mark.parametrize(
    ('headers', 'seconds'),
    [
        ({'retry-after': '2.5'}, 2.5),
        ({'retry-after': '0'}, 0),
        ({'retry-after-ms': '300'}, 0.3),
        ({'retry-after-ms': 'soon', 'retry-after': '4'}, 4),
        ({'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT'}, 0),
        ({'retry-after': '-5'}, None),
        ({'retry-after': 'nan'}, None),
        ({'retry-after': 'inf'}, None),
        ({'retry-after': '1' + '0' * 400}, None),
        ({'retry-after': 'soon'}, None),
        ({'retry-after': 'Wed, 21 Oct 20150 07:28:00 GMT'}, None),
        ({'retry-after': ''}, None),
        ({}, None),
    ],
)
def test_retry_after_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers) == (None if seconds is None else pytest.approx(seconds))


def test_a_date_far_away_is_a_long_pause() -> None:
    pause = read_retry_after({'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT'})
    assert pause is not None and pause > 1e9


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


def test_an_answer_that_quotes_the_key_comes_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_what_was_never_sent_costs_nothing() -> None:
    error = ask_in_vain(ModelSettings(name='m', model='m', base_url='http://127.0.0.1:9/v1'))
    assert error.kind == 'disconnected' and not error.may_cost


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Proxy(Echo):
        def do_POST(self) -> None:
            seen.append(self.path)
            super().do_POST()

        do_GET = do_CONNECT = do_POST

    with HTTPServer(('127.0.0.1', 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        for name in ('HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'):
            monkeypatch.setenv(name, f'http://127.0.0.1:{proxy.server_port}')
        for name in ('NO_PROXY', 'no_proxy'):
            monkeypatch.delenv(name, raising=False)
        for address in ('http://127.0.0.1:9/v1', 'https://127.0.0.1:9/v1', 'http://nowhere.invalid/v1'):
            error = ask_in_vain(ModelSettings(name='m', model='m', base_url=address))
            assert error.kind == 'disconnected' and not error.may_cost and address in str(error)
        proxy.shutdown()
    assert not seen


def ask_in_vain(settings: ModelSettings) -> AskError:
    """The error of an endpoint."""

    async def ask() -> AskError:
        endpoint = ChatEndpoint(settings)
        with pytest.raises(AskError) as caught:
            await endpoint.ask([{'role': 'user', 'content': 'x'}], 16)
        await endpoint.close()
        return caught.value

    return asyncio.run(ask())


def test_a_handshake_that_never_ends_is_given_up_and_costs_nothing() -> None:
    with socket.create_server(('127.0.0.1', 0)) as silent:
        address = f'https://127.0.0.1:{silent.getsockname()[1]}/v1'
        error = ask_in_vain(ModelSettings(name='m', model='m', base_url=address, timeout=0.3))
    assert (error.kind, error.may_cost) == ('timeout', False)


def test_a_request_that_was_sent_and_not_answered_may_cost() -> None:
    with socket.create_server(('127.0.0.1', 0)) as silent:
        address = f'http://127.0.0.1:{silent.getsockname()[1]}/v1'
        error = ask_in_vain(ModelSettings(name='m', model='m', base_url=address, timeout=0.3))
    assert (error.kind, error.may_cost) == ('timeout', True)
