"""What servers do wrong, one function each: what was seen of real ones, and what one that means harm would do."""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from aiohttp import web

from next_mm.captioning.simulation.server import completion

__all__ = ['MISBEHAVIOURS', 'PLATE', 'Question']

PLATE = '沪A·88B42'
_MIB = 2**20
_BOMB = 256 * _MIB
"""Bytes of a body that is sent packed."""


class Question(NamedTuple):
    """A request, the answer that a decent server would give as text, and the key that came with it."""

    request: web.Request
    answer: str
    key: str

    @property
    def fields(self) -> dict[str, dict[str, Any]]:
        """The answer's attributes."""
        return json.loads(self.answer)


Misbehaviour = Callable[[Question], Awaitable[web.StreamResponse]]
MISBEHAVIOURS: dict[str, Misbehaviour] = {}


def _misbehaviour(function: Misbehaviour) -> Misbehaviour:
    MISBEHAVIOURS[function.__name__] = function
    return function


def _text(text: str | None, finish_reason: str = 'stop', **message: Any) -> web.Response:
    return web.json_response(completion(text, finish_reason, **message))


def _body(question: Question, **changes: Any) -> web.Response:
    return web.json_response({**completion(question.answer), **changes})


def _error(status: int, message: str, **headers: str) -> web.Response:
    names = {name.replace('_', '-'): value for name, value in headers.items()}
    return web.json_response({'error': {'message': message}}, status=status, headers=names)


def _add(name: str, answer: Callable[[Question], web.Response]) -> None:
    async def answered(question: Question) -> web.StreamResponse:
        return answer(question)

    MISBEHAVIOURS[name] = answered


def _changed(question: Question, changes: Mapping[str, Any]) -> web.Response:
    return _text(json.dumps({**question.fields, **changes}))


_DRAFT = '{"gender": {"value": "female", "confidence": 0.2}}'
_SIMPLE: dict[str, Callable[[Question], web.Response]] = {
    # the answer itself
    'refusal': lambda q: _text("I'm sorry, I can't identify people in pictures."),
    'formal_refusal': lambda q: _text(None, refusal='I cannot help with that.'),
    'truncated': lambda q: _text(q.answer[: len(q.answer) // 2], 'length'),
    'white_space': lambda q: _text(q.answer + '\n ' * 2000, 'length'),
    'white_space_inside': lambda q: _text(
        q.answer[: len(q.answer) // 2].rpartition(',')[0] + ',' + '\n ' * 2000, 'length'
    ),
    'fences': lambda q: _text(f'Sure!\n```json\n{q.answer}\n```\nAnything else?'),
    'draft_in_thoughts': lambda q: _text(f'<think>{_DRAFT} is my first guess.</think>\n{q.answer}'),
    'thoughts_without_opening': lambda q: _text(f'Each is {{value, confidence}}, say {_DRAFT}.\n</think>\n{q.answer}'),
    'thoughts_in_prose': lambda q: _text(f'First {_DRAFT}? No, she has short hair. So:\n\n{q.answer}\n\nDone.'),
    'thoughts_never_closed': lambda q: _text(f'<think>Perhaps {_DRAFT}. Let me look at', 'length'),
    'format_before_answer': lambda q: _text(
        'Format:\n```json\n{"gender": {"value": "...", "confidence": 0}}\n```\nAnswer:\n```json\n' + q.answer + '\n```'
    ),
    'list_of_one': lambda q: _text(f'[{q.answer}]'),
    'json_in_a_string': lambda q: _text(json.dumps(q.answer)),
    'equal_keys': lambda q: _text(_DRAFT[:-1] + ', ' + q.answer[1:]),
    'surrogate': lambda q: _text(q.answer[:-1] + ', "age": {"value": "\\ud800x", "confidence": 0.9}}'),
    'huge_confidence': lambda q: _text(
        '{"first": 1' + '0' * 400 + ', ' + q.answer.replace('"confidence": ', '"confidence": 1' + '0' * 400, 1)[1:]
    ),
    'nested': lambda q: _text('[' * 50_000 + q.answer),
    'quadratic': lambda q: _text('plate A ' * 20_000 + q.answer),
    'quotation_marks': lambda q: _text('"plate' * 20_000 + q.answer),
    'plate': lambda q: _changed(
        q,
        {
            'licence_plate_text': {'value': PLATE, 'confidence': 0.9},
            'view': {'value': f'beside car {PLATE}', 'confidence': 0.9},
        },
    ),
    'plate_without_json': lambda q: _text(f'A car with the plate {PLATE}, in short {json.dumps(PLATE)}.'),
    # beside the answer
    'parts': lambda q: _text(
        None, content=[{'type': 'thinking', 'thinking': _DRAFT}, {'type': 'text', 'text': q.answer}]
    ),
    'usage_null': lambda q: _body(q, usage={'prompt_tokens': None, 'completion_tokens': None}),
    'usage_float': lambda q: _body(q, usage={'prompt_tokens': 500.5, 'completion_tokens': 300.0}),
    'usage_negative': lambda q: _body(q, usage={'prompt_tokens': -1_000_000, 'completion_tokens': -1_000_000}),
    'usage_empty': lambda q: _body(q, usage={}),
    'usage_text': lambda q: _body(q, usage='many'),
    'usage_beyond_64_bit': lambda q: _body(q, usage={'prompt_tokens': 10**25, 'completion_tokens': 10**18}),
    'error_in_a_success': lambda q: web.json_response({'error': {'code': 503, 'message': 'no machine is free'}}),
    'not_a_completion': lambda q: web.Response(text='<html>gateway</html>', content_type='text/html'),
    'empty': lambda q: web.Response(),
    'byte_order_mark': lambda q: web.Response(body=b'\xef\xbb\xbf' + json.dumps(completion(q.answer)).encode()),
    'stream': lambda q: web.Response(
        text=''.join(
            f'data: {json.dumps({"choices": [{"delta": {"content": piece}}]})}\n\n'
            for piece in (q.answer[:50], q.answer[50:])
        )
        + 'data: [DONE]\n\n',
        content_type='text/event-stream',
    ),
    'brotli': lambda q: web.Response(body=b'\x0b\x02\x80{}\x03', headers={'Content-Encoding': 'br'}),
    'damaged_gzip': lambda q: web.Response(body=b'\x1f\x8b\x08 nothing', headers={'Content-Encoding': 'gzip'}),
    # instead of an answer
    'too_many': lambda q: _error(429, 'slow down', Retry_After='0.2'),
    'too_many_zero': lambda q: _error(429, 'slow down', Retry_After='0'),
    'too_many_negative': lambda q: _error(429, 'slow down', Retry_After='-5'),
    'too_many_nan': lambda q: _error(429, 'slow down', Retry_After='nan'),
    'too_many_past': lambda q: _error(429, 'slow down', Retry_After='Wed, 21 Oct 2015 07:28:00 GMT'),
    'too_many_tomorrow': lambda q: _error(429, 'slow down', Retry_After='86400'),
    'error_500': lambda q: _error(500, f'boom, you sent {q.request.headers["Authorization"]}'),
    'markup_and_escapes': lambda q: _error(500, 'expected [/INST] \x1b]0;title\x07\x1b[2J'),
    'bad_request': lambda q: _error(400, f'picture rejected, key {q.request.headers["Authorization"]}'),
    'wrong_key': lambda q: _error(401, f'Incorrect API key: {q.request.headers["Authorization"]}'),
    'elsewhere': lambda q: web.Response(status=307, headers={'Location': 'http://127.0.0.1:1/v1/chat/completions'}),
}
for _name, _answer in _SIMPLE.items():
    _add(_name, _answer)


@_misbehaviour
async def odd_confidence(question: Question) -> web.StreamResponse:
    """Confidences in words, percent, and beyond all bounds."""
    fields = question.fields
    for index, entry in enumerate(fields.values()):
        entry['confidence'] = ('85%', 85, 'high', 'sky-high', -2)[index % 5]
    return _text(json.dumps(fields))


@_misbehaviour
async def missing_and_extra(question: Question) -> web.StreamResponse:
    """Two attributes too few, one too many."""
    fields = question.fields
    del fields['gender'], fields['footwear']
    return _text(json.dumps({**fields, 'name': {'value': 'John', 'confidence': 1}}))


@_misbehaviour
async def wrong_types(question: Question) -> web.StreamResponse:
    """Numbers, lists and objects in place of values."""
    changes = {
        'age': 17,
        'gender': ['male', 'female'],
        'backpack': {'value': True, 'confidence': 0.9},
        'upper_type': {'value': {'a': 1}, 'confidence': 0.5},
        'hairstyle': {'value': 'green mohawk', 'confidence': 0.99},
    }
    return _changed(question, changes)


@_misbehaviour
async def key_escaped(question: Question) -> web.StreamResponse:
    """The key in a value and in the finish reason: escaped as in JSON and in a URL, and in base 64."""
    escaped = ''.join(f'\\u{ord(letter):04x}' for letter in question.key)
    percent = ''.join(f'%{ord(letter):02x}' for letter in question.key)
    coded = base64.b64encode(f'Bearer {question.key}'.encode()).decode()
    return _text(f'{{"age": {{"value": "{escaped}"}}, "note": "{percent} {coded}", ' + question.answer[1:], coded)


def _pack(window: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return b''.join([packer.compress(b' ' * _MIB) for _ in range(_BOMB // _MIB)]) + packer.flush()


@_misbehaviour
async def gzip_bomb(question: Question) -> web.StreamResponse:
    """A small body that unpacks to a large one."""
    return web.Response(body=_pack(31), headers={'Content-Encoding': 'gzip'}, content_type='application/json')


@_misbehaviour
async def deflate_bomb(question: Question) -> web.StreamResponse:
    """The same, packed without a header, with an error's status."""
    return web.Response(body=_pack(-15), headers={'Content-Encoding': 'deflate'}, status=500)


@_misbehaviour
async def endless(question: Question) -> web.StreamResponse:
    """A body without an end, as fast as it goes."""
    return await _write_for_ever(question, b' ' * _MIB, 0.0)


@_misbehaviour
async def drip(question: Question) -> web.StreamResponse:
    """A body without an end, byte by byte."""
    return await _write_for_ever(question, b' ', 0.1)


async def _write_for_ever(question: Question, piece: bytes, pause: float) -> web.StreamResponse:
    response = web.StreamResponse(headers={'Content-Type': 'application/json'})
    await response.prepare(question.request)
    transport = question.request.transport
    try:
        while transport is not None and not transport.is_closing():
            await response.write(piece)
            await asyncio.sleep(pause)
    except ConnectionError:
        pass
    return web.Response(status=500)


@_misbehaviour
async def hang(question: Question) -> web.StreamResponse:
    """No answer at all."""
    await asyncio.sleep(3600)
    return web.Response(status=500)


@_misbehaviour
async def broken(question: Question) -> web.StreamResponse:
    """The beginning of an answer, then a closed connection."""
    response = web.StreamResponse(headers={'Content-Type': 'application/json', 'Content-Length': '5000'})
    await response.prepare(question.request)
    await response.write(b'{"choices": [{"mess')
    if question.request.transport is not None:
        question.request.transport.close()
    return web.Response(status=500)


@_misbehaviour
async def no_http(question: Question) -> web.StreamResponse:
    """Bytes that are no HTTP, then a closed connection."""
    if question.request.transport is not None:
        question.request.transport.write(b'SSH-2.0-OpenSSH_9.6\r\n')
        question.request.transport.close()
    return web.Response(status=500)
