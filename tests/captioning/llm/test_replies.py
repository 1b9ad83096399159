"""Bodies of chat completions: whatever stands beside an answer, the answer is read."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from next_mm.captioning.llm.replies import NoCompletion, read_error, read_reply

MESSAGES = [{'role': 'user', 'content': 'x' * 400}]  # about 100 tokens
COUNTED = {'prompt_tokens': 10, 'completion_tokens': 5}
STREAM = (
    b'data: {"choices": [{"delta": {"content": "{"}}]}\n\n'
    b'data: {"choices": [{"delta": {"content": "}"}}]}\n\ndata: [DONE]'
)


def body(usage: Any = COUNTED, **message: Any) -> bytes:
    message = {'role': 'assistant', **message}
    return json.dumps({'choices': [{'message': message, 'finish_reason': 'stop'}], 'usage': usage}).encode()


@pytest.mark.parametrize(
    ('message', 'text'),
    [
        (dict(content='{}'), '{}'),
        (dict(content=[{'type': 'text', 'text': '{"a"'}, {'type': 'text', 'text': ': 1}'}]), '{"a": 1}'),
        (dict(content=[{'type': 'thinking', 'thinking': 'no'}, {'type': 'output_text', 'text': '{}'}]), '{}'),
        (dict(content=['{', '}']), '{}'),
        (dict(content=[{'type': 'reasoning', 'text': 'no'}, {'text': {'value': '{}'}}, 7, None]), '{}'),
        (dict(content={'gender': 1}), '{"gender": 1}'),
        (dict(content={'type': 'text', 'text': '{}'}), '{}'),
        (dict(content=None, tool_calls=[{'function': {'arguments': '{"a": 1}'}}]), '{"a": 1}'),
        (dict(content='', function_call={'arguments': {'a': 1}}), '{"a": 1}'),
        (dict(content=None, reasoning_content='{"a": 1}'), '{"a": 1}'),
        (dict(content='{}', reasoning_content='no'), '{}'),
        (dict(content='{}', tool_calls='none', refusal=3), '{}'),
        (dict(content=None), ''),
    ],
)
def test_content_in_all_its_forms(message: dict[str, Any], text: str) -> None:
    assert read_reply(body(**message), MESSAGES).text == text


@pytest.mark.parametrize(
    'data',
    [
        b'\xef\xbb\xbf' + body(content='{}'),
        body(content='{}').decode().encode('utf-16'),
        b'\n\n' + body(content='{}') + b'\n',
        json.dumps({'choices': {'message': {'content': '{}'}}}).encode(),
        json.dumps({'choices': [None, {'text': '{}'}], 'usage': []}).encode(),
        json.dumps({'choices': [{'message': '{}'}]}).encode(),
        STREAM,
        body(content='{}').replace(b'"stop"', b'{"type": "stop"}'),
        body(content='{}').replace(b'10', b'1' + b'0' * 5000),
        body(content='{}').replace(b'10', b'NaN'),
    ],
)
def test_bodies_in_all_their_forms(data: bytes) -> None:
    reply = read_reply(data, MESSAGES, 50)
    assert reply.text == '{}' and 0 < reply.tokens_in <= 150 and 0 < reply.tokens_out <= 5


@pytest.mark.parametrize(
    ('usage', 'tokens_in', 'tokens_out'),
    [
        (COUNTED, 10, 5),
        ({'input_tokens': 10, 'output_tokens': 5}, 10, 5),
        ({'prompt_tokens': 10.5, 'completion_tokens': '5'}, 11, 5),
        (None, 150, 4),
        ({}, 150, 4),
        ([10, 5], 150, 4),
        ('many', 150, 4),
        ({'prompt_tokens': None, 'completion_tokens': 5}, 150, 5),
        ({'prompt_tokens': -10, 'completion_tokens': -5}, 150, 4),
        ({'prompt_tokens': 0, 'completion_tokens': 0}, 150, 4),
        ({'prompt_tokens': 10**25, 'completion_tokens': 10**18}, 150, 4),
        ({'prompt_tokens': True, 'completion_tokens': {'total': 5}}, 150, 4),
        ({'prompt_tokens': float('inf'), 'completion_tokens': float('nan')}, 150, 4),
    ],
)
def test_counts_that_cannot_be_believed_are_estimated(usage: Any, tokens_in: int, tokens_out: int) -> None:
    reply = read_reply(body(usage, content='abcdefghijkl'), MESSAGES, image_tokens=50)
    assert (reply.tokens_in, reply.tokens_out) == (tokens_in, tokens_out)
    estimated = 'tokens not counted by the server, estimated' in reply.notes
    assert estimated == (tokens_in == 150 or tokens_out == 4)


def test_thoughts_that_were_cut_off_are_no_answer() -> None:
    data = body(content=None, reasoning_content='{"a": 1}').replace(b'stop', b'length')
    assert read_reply(data, MESSAGES).text == ''


@pytest.mark.parametrize('content', [None, '', 'I will not.'])
def test_refusals(content: str | None) -> None:
    assert read_reply(body(content=content, refusal='No.'), MESSAGES).refused
    assert read_reply(body(content=content).replace(b'stop', b'content_filter'), MESSAGES).refused


NO_COMPLETIONS = [
    b'',
    b'<html>gateway</html>',
    b'null',
    b'[]',
    b'{}',
    b'{"choices": []}',
    b'{"choices": [1]}',
    b'{"choices": [{}]}',
    b'{"choices": [{"message": {}}]}',
    b'[' * 100_000,
    b'{"choices": ' * 100_000,
    b'\xff\xfe\xfa',
    b'data: 1\n' * 1000,
]


@pytest.mark.parametrize('data', NO_COMPLETIONS, ids=range(len(NO_COMPLETIONS)))
def test_what_is_no_completion_is_told_with_its_beginning(data: bytes) -> None:
    with pytest.raises(NoCompletion, match='not a chat completion: it (is empty|begins with)') as caught:
        read_reply(data, MESSAGES)
    assert len(str(caught.value)) < 500


def test_a_large_body_takes_no_time() -> None:
    start = time.perf_counter()
    for data in (b' ' * 2**22, b'{' * 2**22, b'"' * 2**22, body(content='\\' * 2**20), b'data: {"a":' * 2**18):
        try:
            read_reply(data, MESSAGES)
        except NoCompletion:
            pass
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ('data', 'expected'),
    [
        (b'{"error": {"message": "boom", "code": "insufficient_quota"}}', ('boom', 'insufficient_quota', None)),
        (b'{"error": {"message": "boom", "code": 503}}', ('boom', '503', 503)),
        (b'{"error": "boom"}', ('boom', '', None)),
        (b'{"detail": "boom"}', ('boom', 'None', None)),
        (b'boom', ('boom', '', None)),
        (b'', ('', '', None)),
    ],
)
def test_errors_in_all_their_forms(data: bytes, expected: tuple[str, str, int | None]) -> None:
    assert read_error(data) == expected
