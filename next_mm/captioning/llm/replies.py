"""Read a chat completion: an answer that came is paid for, and nothing beside it is a reason to lose it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ['NoCompletion', 'Reply', 'estimate_tokens', 'read_error', 'read_json_body', 'read_reply']

MOST_TOKENS = 10_000_000
"""No request has more; a server that counts more, or less than nothing, has not counted."""

_TEXT_PARTS = (None, 'text', 'output_text', 'refusal')
_IN_NAMES = ('prompt_tokens', 'input_tokens')
_OUT_NAMES = ('completion_tokens', 'output_tokens')
_REASONING = ('reasoning_content', 'reasoning')

Message = Mapping[str, Any]


class NoCompletion(Exception):
    """A body that is no chat completion; the text says what it is instead."""


@dataclass(frozen=True)
class Reply:
    """An answer as it came: text (empty if the model refused formally), why it ended, what it took, repairs."""

    text: str
    finish_reason: str
    refused: bool
    tokens_in: int
    tokens_out: int
    notes: tuple[str, ...] = ()


def read_json_body(body: bytes) -> Any:
    """Read JSON of any Unicode encoding, with or without a byte order mark; ``None`` where it is none."""
    text = body.decode(json.detect_encoding(body), errors='replace').lstrip('\ufeff').strip()
    try:
        return json.loads(text, parse_int=_integer, strict=False)
    except (ValueError, RecursionError):
        return None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= 20 else float(digits)


def read_reply(body: bytes, messages: Sequence[Message], image_tokens: int = 0) -> Reply:
    """Read the body of an answer to a chat request.

    Args:
        body: as it came, unpacked.
        messages: of the request; what the server does not count is estimated by them.
        image_tokens: what the request's picture counts for.

    Raises:
        NoCompletion: it holds no message.
    """
    notes: list[str] = []
    found = read_json_body(body)
    if found is None and body.lstrip()[:5] in (b'data:', b'event'):
        found = _join_stream(body)
        notes.append('reply sent as a stream')
    choices = found.get('choices') if isinstance(found, dict) else None
    choices = [choices] if isinstance(choices, dict) else choices
    usable = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    if not usable:
        raise NoCompletion(f'the reply is not a chat completion: {_beginning(body)}')
    choice = next((c for c in usable if _content(_message(c), [])), usable[0])
    message = _message(choice)
    finish_reason = choice['finish_reason'] if isinstance(choice.get('finish_reason'), str) else ''
    text = _content(message, notes) or (_swallowed(message, notes) if finish_reason != 'length' else '')
    refusal = message['refusal'] if isinstance(message.get('refusal'), str) else ''
    if not text and not refusal and not {'content', 'text', 'refusal', 'tool_calls', *_REASONING} & set(message):
        raise NoCompletion(f'the reply is not a chat completion: {_beginning(body)}')
    usage = found.get('usage')
    written = ''.join(part for part in (text, *_thoughts(message)) if part)
    tokens_in, tokens_out = _count(usage, _IN_NAMES), _count(usage, _OUT_NAMES)
    if not tokens_in or not (tokens_out or not written):
        notes.append('tokens not counted by the server, estimated')
    return Reply(
        text or refusal,
        finish_reason,
        bool(refusal) or finish_reason == 'content_filter',
        tokens_in or estimate_tokens(messages) + image_tokens,
        tokens_out or math.ceil(len(written.encode('utf-8', 'replace')) / 3),
        tuple(notes),
    )


def read_error(body: bytes) -> tuple[str, str, int | None]:
    """Read the body of an error: its text, its code as a word, its code as a status if it is one."""
    found = read_json_body(body)
    error = found.get('error', found) if isinstance(found, dict) else found
    if isinstance(error, dict):
        text = next((error[key] for key in ('message', 'detail', 'msg', 'error') if error.get(key)), error)
        code = error.get('code')
        status = code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600 else None
        return str(text), str(code), status
    return str(error) if isinstance(error, str) else body.decode('utf-8', 'replace'), '', None


def estimate_tokens(messages: Sequence[Message]) -> int:
    """Rough number of text tokens in ``messages``: four characters each, pictures left out."""
    texts = [
        m['content'] if isinstance(m['content'], str) else json.dumps([p for p in m['content'] if p['type'] == 'text'])
        for m in messages
    ]
    return sum(map(len, texts)) // 4


def _message(choice: Message) -> Message:
    """The message of a choice; old servers put the text beside it, streams call it ``delta``."""
    message = choice.get('message', choice.get('delta'))
    if isinstance(message, dict):
        return message
    return (
        {'content': message if isinstance(message, str) else choice.get('text')} if message or 'text' in choice else {}
    )


def _content(message: Message, notes: list[str]) -> str:
    """The text of a message: a string, a list of parts, an object meant as text, or the arguments of a call."""
    content = message.get('content')
    if isinstance(content, str) and content.strip():
        return content
    if isinstance(content, list):
        notes.append('content in parts, joined')
        return ''.join(filter(None, map(_part, content)))
    if isinstance(content, dict):
        return _part(content) or json.dumps(content)
    for call in _calls(message):
        arguments = call.get('arguments')
        if arguments:
            notes.append('answer in a function call')
            return arguments if isinstance(arguments, str) else json.dumps(arguments)
    return content if isinstance(content, str) else ''


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or part.get('type') not in _TEXT_PARTS:
        return ''
    text = part.get('text', part.get('content'))
    if isinstance(text, dict):
        text = text.get('value')
    return text if isinstance(text, str) else ''


def _calls(message: Message) -> Iterator[Message]:
    calls = message.get('tool_calls')
    for call in [*(calls if isinstance(calls, list) else []), {'function': message.get('function_call')}]:
        if isinstance(call, dict) and isinstance(call.get('function'), dict):
            yield call['function']


def _thoughts(message: Message) -> Iterator[str]:
    yield from (message[key] for key in _REASONING if isinstance(message.get(key), str))
    if isinstance(message.get('content'), list):
        yield from (json.dumps(part) for part in message['content'] if isinstance(part, dict) and not _part(part))


def _swallowed(message: Message, notes: list[str]) -> str:
    """An answer that a server took for thoughts: there is none beside them, and they came to their end."""
    text = next(_thoughts(message), '') if not isinstance(message.get('content'), list) else ''
    if text:
        notes.append('answer among the thoughts')
    return text


def _count(usage: Any, names: Sequence[str]) -> int:
    """A count of tokens, or 0 where there is none that can be believed."""
    value = (
        next((usage[name] for name in names if usage.get(name) is not None), None) if isinstance(usage, dict) else None
    )
    if isinstance(value, str) and value.isdecimal() and len(value) <= 8:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= MOST_TOKENS:
        return 0
    return math.ceil(value)


def _join_stream(body: bytes) -> dict[str, Any] | None:
    """One completion out of server-sent events, which some servers send unasked."""
    texts: list[str] = []
    joined: dict[str, Any] = {}
    for line in body.decode('utf-8', 'replace').splitlines():
        event = read_json_body(line[5:].encode()) if line.startswith('data:') else None
        if not isinstance(event, dict):
            continue
        joined['usage'] = event.get('usage') or joined.get('usage')
        choices = event.get('choices')
        choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
        texts.append(_content(_message(choice), []))
        joined['finish_reason'] = choice.get('finish_reason') or joined.get('finish_reason')
    if not texts:
        return None
    message = {'content': ''.join(texts)}
    return {
        'choices': [{'message': message, 'finish_reason': joined.get('finish_reason')}],
        'usage': joined.get('usage'),
    }


def _beginning(body: bytes) -> str:
    if not body.strip():
        return 'it is empty'
    return f'it begins with {" ".join(body[:400].decode("utf-8", "replace").split())[:100]!r}'
