"""One client for every OpenAI-compatible endpoint: a question in, a reply or one kind of error out, no key ever in a text."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import openai
from pydantic import BaseModel, ConfigDict, ValidationError

from next_mm.captioning.settings import ModelSettings

_TRANSIENT = frozenset({408, 409, 425, 429})
_GIVEN_UP = frozenset({408, 504})  # a proxy lost patience: the model behind it may have worked all the same
_FATAL = {
    401: 'the key was not accepted',
    403: 'the key has no access',
    404: 'no such address or model',
    402: 'the account has no credit',
}


@dataclass(frozen=True)
class Reply:
    """An answer as it came: text (empty if the model refused formally), why it ended, and what it took."""

    text: str
    finish_reason: str
    refused: bool
    tokens_in: int
    tokens_out: int


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


class _Message(BaseModel):
    model_config = ConfigDict(extra='ignore')
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    model_config = ConfigDict(extra='ignore')
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    model_config = ConfigDict(extra='ignore')
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(BaseModel):
    model_config = ConfigDict(extra='ignore')
    choices: list[_Choice]
    usage: _Usage | None = None


class ChatEndpoint:
    """An endpoint and its model.

    Args:
        settings: of the model; the key is read from the environment here and kept by the client alone.

    Raises:
        ValueError: the key's environment variable is not set.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self._key = settings.key()
        # No redirect is followed: a picture goes to the named endpoint and nowhere else. Retries are ours, to be counted.
        http = openai.DefaultAsyncHttpxClient(follow_redirects=False)
        self._client = openai.AsyncOpenAI(
            base_url=settings.base_url,
            api_key=self._key or 'none',
            organization='',
            project='',
            max_retries=0,
            timeout=settings.timeout,
            http_client=http,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def ask(self, messages: list[dict], max_tokens: int, response_format: dict | None = None) -> Reply:
        """Send one chat request.

        Raises:
            AskError: there is no answer.
        """
        options: dict = {self.settings.token_limit: max_tokens}
        if response_format is not None:
            options['response_format'] = response_format
        if self.settings.temperature is not None:
            options['temperature'] = self.settings.temperature
        call = self._client.chat.completions.with_raw_response.create(
            model=self.settings.model, messages=messages, extra_body=dict(self.settings.extra_body) or None, **options
        )
        try:
            # the client's own time-out restarts with every byte: a server that drips would hold us for ever
            response = await asyncio.wait_for(call, self.settings.timeout)
            reply = _reply(response.http_response.content, messages)
            return replace(reply, text=self._hide(reply.text), finish_reason=self._hide(reply.finish_reason))
        except (asyncio.TimeoutError, openai.APITimeoutError) as error:
            raise AskError(
                'timeout', f'no answer within {self.settings.timeout:g} s', may_cost=_was_sent(error)
            ) from None
        except openai.APIStatusError as error:
            raise self._status_error(error) from None
        except openai.APIConnectionError as error:
            raise AskError(
                'disconnected', self._clean(str(error.__cause__ or error)), may_cost=_was_sent(error)
            ) from None
        except openai.OpenAIError as error:
            raise AskError('server_error', self._clean(str(error))) from None

    def _status_error(self, error: openai.APIStatusError) -> AskError:
        status = error.status_code
        where = f'{self.settings.base_url} answered {status}'
        if status in _FATAL:
            return AskError(
                'rejected',
                f'{where}: {_FATAL[status]} (model {self.settings.model}, key from {self.settings.api_key_env})',
                fatal=True,
            )
        if 300 <= status < 400:
            return AskError(
                'rejected', f'{where}: it points elsewhere, and pictures are sent to no other address', fatal=True
            )
        text = f'{where}: {self._clean(error.message)}'
        if status in _TRANSIENT or status >= 500:
            kind = 'rate_limited' if status == 429 else 'server_error'
            return AskError(
                kind,
                text,
                retry_after=_retry_after(error.response.headers),
                fatal=error.code == 'insufficient_quota',
                may_cost=status in _GIVEN_UP,
            )
        return AskError('rejected', text)

    def _clean(self, text: str) -> str:
        """A server may quote what it was sent: the key goes, and so does all but the beginning."""
        return ' '.join(self._hide(text).split())[:300]

    def _hide(self, text: str) -> str:
        """Answers are stored and shown: the key goes from them too."""
        return text.replace(self._key, '***') if self._key else text


def _was_sent(error: Exception) -> bool:
    # by name: the SDK's HTTP library is httpx or httpx2, by its version
    return type(error.__cause__).__name__ not in ('ConnectError', 'ConnectTimeout', 'PoolTimeout')


def _reply(body: bytes, messages: list[dict]) -> Reply:
    try:
        completion = _Completion.model_validate_json(body)
        choice = completion.choices[0]
    except (ValidationError, IndexError):
        raise AskError('server_error', 'the reply is not a chat completion', may_cost=True) from None
    text = choice.message.content or ''
    refused = bool(choice.message.refusal) or choice.finish_reason == 'content_filter'
    usage = completion.usage or _Usage(prompt_tokens=estimate_tokens(messages), completion_tokens=len(text) // 4)
    return Reply(
        text or choice.message.refusal or '',
        choice.finish_reason or '',
        refused,
        usage.prompt_tokens,
        usage.completion_tokens,
    )


def estimate_tokens(messages: list[dict]) -> int:
    """Rough number of text tokens in ``messages``: four characters each, pictures left out."""
    texts = [
        m['content'] if isinstance(m['content'], str) else json.dumps([p for p in m['content'] if p['type'] == 'text'])
        for m in messages
    ]
    return sum(map(len, texts)) // 4


def _retry_after(headers: object) -> float | None:
    """Seconds to wait by ``retry-after-ms`` or ``Retry-After`` (a number or a date)."""
    get = headers.get  # type: ignore[attr-defined]
    try:
        if get('retry-after-ms'):
            return max(0.0, float(get('retry-after-ms')) / 1000)
        return max(0.0, float(get('retry-after')))
    except (TypeError, ValueError):
        pass
    try:
        when = parsedate_to_datetime(get('retry-after') or '')
    except (TypeError, ValueError):
        return None
    return max(0.0, (when - datetime.now(timezone.utc)).total_seconds()) if when.tzinfo else None
