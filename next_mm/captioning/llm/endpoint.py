"""One client for every OpenAI-compatible endpoint: a question in, a reply or one kind of error out, never a key."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any, Protocol

from next_mm.captioning.llm.bodies import BodyError, read_body
from next_mm.captioning.llm.replies import Message, NoCompletion, Reply, read_error, read_reply
from next_mm.captioning.llm.secrets import KeyFilter
from next_mm.captioning.settings import ModelSettings
from next_mm.utils.text import cut_middle, encodable

__all__ = ['AskError', 'ChatEndpoint', 'Endpoint', 'read_retry_after']

LARGEST_BODY = 4 * 2**20
"""Bytes of an answer, packed or not."""
LARGEST_ERROR = 2**16
LONGEST_TEXT = 100_000
"""Characters of an answer that are handed on: its first and its last half."""
LONGEST_CONNECT = 30.0
"""Seconds for a connection, the handshake of TLS included."""
LONGEST_LOOK = 10.0

_TRANSIENT = frozenset({408, 409, 425, 429})
_GIVEN_UP = frozenset({408, 504})  # a proxy lost patience: the model behind it may have worked all the same
_FATAL = {
    401: 'the key was not accepted',
    403: 'the key has no access',
    404: 'no such address or model',
    402: 'the account has no credit',
}


class AskError(Exception):
    """A request without an answer.

    Attributes:
        kind: ``rate_limited``, ``server_error``, ``timeout``, ``disconnected`` (these pass) or ``rejected``.
        retry_after: seconds that the server asked to wait.
        fatal: no other request of this model would fare better.
        may_cost: the server may have worked on it, and charge for it.
    """

    def __init__(
        self, kind: str, text: str, *, retry_after: float | None = None, fatal: bool = False, may_cost: bool = False
    ) -> None:
        super().__init__(text)
        self.kind, self.retry_after, self.fatal, self.may_cost = kind, retry_after, fatal, may_cost

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.kind != 'rejected'


class Endpoint(Protocol):
    """What a client asks."""

    async def look(self) -> None:
        """See, at no cost, whether there is a server; raise :class:`AskError` where there is none."""

    async def ask(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        response_format: Mapping[str, Any] | None = None,
        image_tokens: int = 0,
    ) -> Reply:
        """Send one chat request; raise :class:`AskError` where there is no answer."""

    async def close(self) -> None:
        """Close the connections."""


@dataclass
class _Progress:
    """How far a request has come."""

    sent: bool = False


class ChatEndpoint:
    """An endpoint and its model.

    No redirect is followed and no proxy of the environment used: a picture goes to the named endpoint and nowhere else.

    Args:
        settings: of the model; the key is read from the environment here and kept by the client alone.

    Raises:
        ConfigError: the environment variable of the key or of the proxy is not set.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        key = settings.key()
        self._filter = KeyFilter(key)
        self._headers = {'Accept': 'application/json', 'Accept-Encoding': 'identity', 'User-Agent': 'next-mm'}
        if key is not None:
            self._headers['Authorization'] = f'Bearer {key}'
        self._proxy = settings.proxy()
        self._http: Any = None

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def look(self) -> None:
        """See, at no cost, whether there is a server at the address: connect to it and ask for its list of models.

        Whatever it answers is well: not every server has such a list, and one that takes its time may be busy.

        Raises:
            AskError: there is no connection.
        """
        progress = _Progress()
        try:
            await self._exchange('GET', 'models', None, min(LONGEST_LOOK, self.settings.timeout), progress)
        except AskError:
            if not progress.sent:
                raise

    async def ask(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        response_format: Mapping[str, Any] | None = None,
        image_tokens: int = 0,
    ) -> Reply:
        """Send one chat request.

        Args:
            messages: of the chat.
            max_tokens: limit of the answer.
            response_format: the field of that name.
            image_tokens: what the picture counts for, where the server does not count.

        Raises:
            AskError: there is no answer.
        """
        request: dict[str, Any] = {
            'model': self.settings.model,
            'messages': messages,
            self.settings.token_limit: max_tokens,
        }
        if response_format is not None:
            request['response_format'] = response_format
        if self.settings.temperature is not None:
            request['temperature'] = self.settings.temperature
        body = json.dumps({**request, **self.settings.extra_body}).encode()
        status, headers, data = await self._exchange(
            'POST', 'chat/completions', body, self.settings.timeout, _Progress()
        )
        if not 200 <= status < 300:
            raise self._status_error(status, headers, data)
        try:
            reply = read_reply(data, messages, image_tokens)
        except NoCompletion as error:
            _, _, as_status = read_error(data)
            if as_status is not None:  # some gateways pass an error on as a success
                raise self._status_error(as_status, headers, data, may_cost=True) from None
            raise AskError('server_error', self._clean(str(error)), may_cost=True) from None
        text = encodable(cut_middle(self._filter.hide(cut_middle(reply.text, 2 * LONGEST_TEXT)), LONGEST_TEXT))
        return replace(reply, text=text, finish_reason=self._clean(reply.finish_reason))

    async def _exchange(
        self, method: str, path: str, body: bytes | None, timeout: float, progress: _Progress
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request and read what comes back, all of it within ``timeout`` seconds."""
        import aiohttp

        url = f'{self.settings.base_url.rstrip("/")}/{path}'
        headers = self._headers if body is None else {**self._headers, 'Content-Type': 'application/json'}
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, LONGEST_CONNECT))
        try:
            async with self._session().request(
                method, url, data=body, headers=headers, timeout=limits, proxy=self._proxy, allow_redirects=False,
                trace_request_ctx=progress,
            ) as response:  # fmt: skip
                good = 200 <= response.status < 300
                try:
                    encoding = response.headers.get('Content-Encoding', '')
                    data = await read_body(
                        response.content.iter_any(), encoding, LARGEST_BODY if good else LARGEST_ERROR
                    )
                except BodyError as error:
                    if good:
                        raise AskError('server_error', self._clean(str(error)), may_cost=True) from None
                    data = str(error).encode()
                finally:
                    if not response.content.at_eof():
                        response.close()  # what is still on its way is not waited for
                return response.status, response.headers, data
        except asyncio.TimeoutError:
            what = (
                f'no answer within {timeout:g} s'
                if progress.sent
                else f'no connection within {limits.sock_connect:g} s'
            )
            raise AskError('timeout', f'{self.settings.base_url}: {what}', may_cost=progress.sent) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise AskError('disconnected', self._connection_problem(error), may_cost=progress.sent) from None

    def _session(self) -> Any:
        if self._http is None:
            import aiohttp

            trace = aiohttp.TraceConfig()

            async def on_sent(session: object, context: SimpleNamespace, params: object) -> None:
                context.trace_request_ctx.sent = True

            trace.on_request_headers_sent.append(on_sent)
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[trace],
                auto_decompress=False,
                trust_env=False,
            )
        return self._http

    def _connection_problem(self, error: Exception) -> str:
        told = f'{type(error).__name__}: {error}' if str(error) else type(error).__name__
        way = f' (through the proxy named in {self.settings.proxy_env})' if self._proxy else ''
        return f'{self.settings.base_url}{way}: {self._clean(told)}'

    def _status_error(self, status: int, headers: Mapping[str, str], body: bytes, may_cost: bool = False) -> AskError:
        where = f'{self.settings.base_url} answered {status}'
        if status in _FATAL:
            key = f', key from {self.settings.api_key_env}' if self.settings.api_key_env else ''
            return AskError('rejected', f'{where}: {_FATAL[status]} (model {self.settings.model}{key})', fatal=True)
        if 300 <= status < 400:
            return AskError(
                'rejected', f'{where}: it points elsewhere, and pictures are sent to no other address', fatal=True
            )
        text, code, _ = read_error(body)
        text = f'{where}: {self._clean(text)}'
        if status in _TRANSIENT or status >= 500 or status < 200:
            return AskError(
                'rate_limited' if status == 429 else 'server_error',
                text,
                retry_after=read_retry_after(headers),
                fatal=code == 'insufficient_quota',
                may_cost=may_cost or status in _GIVEN_UP,
            )
        return AskError('rejected', text)

    def _clean(self, text: str) -> str:
        """A server may quote what it was sent: the key goes, and so does all but the beginning."""
        return encodable(' '.join(self._filter.hide(text[:5000]).split())[:300])


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by ``retry-after-ms`` or ``Retry-After`` (a number or a date); ``None`` without a sane one."""
    for name, unit in (('retry-after-ms', 0.001), ('retry-after', 1.0)):
        try:
            seconds = float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
        return seconds if math.isfinite(seconds) and seconds >= 0 else None
    try:
        when = parsedate_to_datetime(headers['retry-after'])
        return max(0.0, (when - datetime.now(timezone.utc)).total_seconds()) if when.tzinfo else None
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
