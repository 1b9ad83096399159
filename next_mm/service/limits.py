"""What stands before every request: the token, the size of the body, the time it may take, and the counters."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from next_mm.gallery.audit import CALLER
from next_mm.service.options import ServiceOptions, find_caller

__all__ = ['Gatekeeper', 'Metrics', 'ServiceError']

MAX_DIGITS = 18
"""Digits of a content length that are turned into a number."""
OPEN_PATHS = ('/v1/health', '/v1/ready')
"""Paths that need no token: load balancers ask them."""


class ServiceError(Exception):
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        message: what is wrong, for the caller; no paths, no traces.
        field: the field of the request that is at fault.
        retry_after: seconds after which to try again.
    """

    def __init__(self, status: int, message: str, *, field: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.field, self.retry_after = status, message, field, retry_after

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON."""
        return {'error': self.message, 'field': self.field}


class Metrics:
    """Counters for Prometheus, each service its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            'next_mm_requests_total', 'Requests by path and status.', ['path', 'status'], registry=self.registry
        )
        self.seconds = Histogram(
            'next_mm_request_seconds', 'Seconds from request to answer.', ['path'], registry=self.registry
        )
        self.batch = Histogram(
            'next_mm_batch_triplets', 'Triplets in a batch.', buckets=(1, 2, 4, 8, 16, 32, 64), registry=self.registry
        )
        self.waiting = Gauge('next_mm_waiting_triplets', 'Triplets that wait for the model.', registry=self.registry)


class Gatekeeper:
    """ASGI middleware: refuses callers without token and bodies that are too large or too slow,
    before anything reads them.

    Args:
        app: the application behind it.
        options: the limits and tokens.
        metrics: counters.
    """

    def __init__(self, app: Any, options: ServiceOptions, metrics: Metrics) -> None:
        self.app, self.options, self.metrics = app, options, metrics
        self._held = 0  # bytes of the bodies of all requests at work

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Handle one connection."""
        if scope['type'] != 'http':
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def counted_send(message: dict[str, Any]) -> None:
            nonlocal status
            if message['type'] == 'http.response.start':
                status = message['status']
            await send(message)

        try:
            await self._guard(scope, receive, counted_send)
        except ServiceError as error:
            await _answer(counted_send, error)
        finally:
            path = getattr(scope.get('route'), 'path', 'other')  # the pattern, so that a caller cannot make new series
            self.metrics.requests.labels(path, str(status)).inc()
            self.metrics.seconds.labels(path).observe(time.perf_counter() - start)

    async def _guard(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name.lower(): value.decode('latin-1') for name, value in scope['headers']}
        caller = find_caller(self.options.tokens, headers.get(b'authorization'))
        if caller is None and scope['path'] not in OPEN_PATHS:
            raise ServiceError(401, 'expected a token: Authorization: Bearer <token>')
        CALLER.set(caller)
        form = headers.get(b'content-type', '').lower().startswith('multipart/')
        limit = self.options.max_body if form else min(self.options.max_json, self.options.max_body)
        declared = headers.get(b'content-length', '0')
        if not declared.isdecimal() or len(declared) > MAX_DIGITS or int(declared) > limit:
            raise _too_large(limit)
        body = bytearray()
        try:
            if not await self._receive(receive, body, limit):
                return  # the caller has gone
            pending: list[dict[str, Any]] = [{'type': 'http.request', 'body': bytes(body), 'more_body': False}]

            async def replay() -> dict[str, Any]:
                return pending.pop() if pending else await receive()

            await self.app(scope, replay, send)
        finally:
            self._held -= len(body)

    async def _receive(self, receive: Any, body: bytearray, limit: int) -> bool:
        """Read a request's body; return whether all of it came.

        Raises:
            ServiceError: it is too large (413) or too slow (408), or all bodies together are too many (503).
        """
        deadline = asyncio.get_running_loop().time() + self.options.body_timeout
        while True:
            try:
                left = deadline - asyncio.get_running_loop().time()
                message = await asyncio.wait_for(receive(), max(left, 0.001))
            except asyncio.TimeoutError:
                raise ServiceError(408, f'the body took longer than {self.options.body_timeout:g} s') from None
            if message['type'] == 'http.disconnect':
                return False
            piece = message.get('body', b'')
            if len(body) + len(piece) > limit:
                raise _too_large(limit)
            if self._held + len(piece) > self.options.max_held:
                raise ServiceError(503, 'too many bodies are being received; try again', retry_after=1)
            body += piece
            self._held += len(piece)
            if not message.get('more_body'):
                return True


def _too_large(limit: int) -> ServiceError:
    return ServiceError(413, f'the body is larger than {limit} bytes')


async def _answer(send: Any, error: ServiceError) -> None:
    body = json.dumps(error.body()).encode()
    headers = [
        (b'content-type', b'application/json'),
        (b'content-length', str(len(body)).encode()),
        (b'connection', b'close'),
    ]
    if error.status == 401:
        headers.append((b'www-authenticate', b'Bearer'))
    if error.retry_after is not None:
        headers.append((b'retry-after', str(error.retry_after).encode()))
    await send({'type': 'http.response.start', 'status': error.status, 'headers': headers})
    await send({'type': 'http.response.body', 'body': body})
