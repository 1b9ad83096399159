"""A server that speaks the OpenAI chat protocol and answers as the simulated models do.

``python -m next_mm.captioning.simulation.server --schema person --truth data/synthetic/RGBNT201/attributes.json --port
8000``

The name of the model in a request chooses the behaviour; a request without a picture is answered with the example
caption it holds.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from next_mm.captioning.attributes.schema import Schema, load_schema
from next_mm.captioning.pictures import picture_key
from next_mm.captioning.simulation.behaviour import BEHAVIOURS, Behaviour, simulate_answer
from next_mm.captioning.simulation.truth import truth_by_picture

__all__ = ['answer_text', 'completion', 'picture_of', 'serve']

Message = Mapping[str, Any]
Truth = Mapping[str, Mapping[str, Any]]


def picture_of(messages: Sequence[Message]) -> bytes | None:
    """The picture in a chat request, if there is one."""
    for message in messages:
        for part in message['content'] if isinstance(message['content'], list) else ():
            if part['type'] == 'image_url':
                return base64.b64decode(part['image_url']['url'].partition('base64,')[2])
    return None


def completion(text: str | None, finish_reason: str = 'stop', **message: object) -> dict[str, Any]:
    """The body of a chat completion."""
    tokens = len(text or '') // 4 + 1
    said = {'role': 'assistant', 'content': text, **message}
    return {
        'id': 'simulated',
        'object': 'chat.completion',
        'created': 0,
        'model': 'simulated',
        'choices': [{'index': 0, 'finish_reason': finish_reason, 'message': said}],
        'usage': {'prompt_tokens': 900, 'completion_tokens': tokens, 'total_tokens': 900 + tokens},
    }


def answer_text(request: Message, schema: Schema, truth: Truth) -> str:
    """The text that a simulated model answers to a chat request."""
    picture = picture_of(request['messages'])
    if picture is None:
        return str(request['messages'][0]['content']).rpartition('example:\n')[2]
    key = picture_key(picture, -1)
    entry = truth.get(key, {'modality': 'rgb', 'attributes': {}})
    behaviour = BEHAVIOURS.get(request['model'], Behaviour())
    return json.dumps(
        simulate_answer(behaviour, entry['attributes'], entry['modality'], schema, f'{request["model"]} {key}')
    )


def serve(chat: Callable[[web.Request], Awaitable[web.StreamResponse]], port: int) -> None:
    """Serve a chat endpoint on this machine until killed; its address is printed first."""
    app = web.Application(client_max_size=1 << 25)
    app.router.add_post('/v1/chat/completions', chat)
    web.run_app(app, host='127.0.0.1', port=port, access_log=None, print=_announce)


def _announce(text: str) -> None:
    """Print aiohttp's first line, which is the address."""
    sys.stdout.write(text.splitlines()[0].strip('= ') + '\n')
    sys.stdout.flush()


def main() -> None:
    """Serve until killed; the address is printed first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--schema', default='person')
    parser.add_argument('--truth', type=Path, help='attributes.json of a dataset whose truth is known')
    parser.add_argument('--port', type=int, default=8000)
    parser.add_argument('--latency', type=float, default=0.0, help='seconds before each answer')
    arguments = parser.parse_args()
    schema = load_schema(arguments.schema)
    truth = truth_by_picture(arguments.truth) if arguments.truth else {}

    async def chat(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        await asyncio.sleep(arguments.latency)
        return web.json_response(completion(answer_text(body, schema, truth)))

    serve(chat, arguments.port)


if __name__ == '__main__':
    main()
