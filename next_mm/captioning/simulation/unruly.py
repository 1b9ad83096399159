"""A chat server that misbehaves by plan, to see that a caption run loses and invents nothing.

``python -m next_mm.captioning.simulation.unruly LOG PLAN [--schema NAME] [--latency S] [--stall-after N]``: PLAN is a
JSON file, picture key -> what to do with the first, second, ... request about it (names of ``misbehaviour.py``); then
it answers properly. ``*`` stands for every other picture, ``compose`` for a request without one. With ``--stall-after``
it answers N requests and no more. LOG gets a line for each request, each answer and each failure, with how many
requests there were at that moment and with the time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from pathlib import Path

from aiohttp import web

from next_mm.captioning.attributes.schema import load_schema
from next_mm.captioning.pictures import picture_key
from next_mm.captioning.simulation.misbehaviour import MISBEHAVIOURS, Question
from next_mm.captioning.simulation.server import answer_text, completion, picture_of, serve

__all__ = ['UnrulyServer']


class UnrulyServer:
    """State of the server.

    Args:
        log: file to write to.
        plan: see above.
        schema: name or path.
        latency: seconds before each answer.
        stall_after: answers, then none.
    """

    def __init__(
        self,
        log: Path,
        plan: dict[str, list[str]],
        *,
        schema: str = 'person',
        latency: float = 0.0,
        stall_after: int = 0,
    ) -> None:
        self.schema = load_schema(schema)
        self.plan, self.latency, self.stall_after = plan, latency, stall_after
        self.log = log.open('a', buffering=1, encoding='utf-8')
        self.seen: Counter[tuple[str, str]] = Counter()
        self.answered = self.in_flight = 0

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer, or do what the plan says."""
        body = json.loads(await request.read())
        picture, model = picture_of(body['messages']), body['model']
        key = picture_key(picture, -1) if picture else 'compose'
        steps = self.plan.get(key, self.plan.get('*', []) if picture else [])
        step = self.seen[key, model]
        self.seen[key, model] += 1
        trick = steps[step] if step < len(steps) else 'answer'
        self.in_flight += 1
        try:
            self._write('asked', key, model, trick)
            await asyncio.sleep(self.latency)
            if self.stall_after and self.answered >= self.stall_after:
                await asyncio.sleep(3600)
            self.answered += 1
            text = answer_text(body, self.schema, {})
            if trick == 'answer':
                response: web.StreamResponse = web.json_response(completion(text))
            else:
                sent_key = request.headers.get('Authorization', '').removeprefix('Bearer ')
                response = await MISBEHAVIOURS[trick](Question(request, text, sent_key))
            self._write('answered' if response.status == 200 else 'failed', key, model, trick)
            return response
        finally:
            self.in_flight -= 1

    def _write(self, *words: str) -> None:
        self.log.write(f'{" ".join(words)} {self.in_flight} {time.monotonic()}\n')


def main() -> None:
    """Serve until killed; the address is printed first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('log', type=Path)
    parser.add_argument('plan', type=Path)
    parser.add_argument('--schema', default='person')
    parser.add_argument('--latency', type=float, default=0.0)
    parser.add_argument('--stall-after', type=int, default=0)
    arguments = parser.parse_args()
    server = UnrulyServer(
        arguments.log,
        json.loads(arguments.plan.read_text(encoding='utf-8')),
        schema=arguments.schema,
        latency=arguments.latency,
        stall_after=arguments.stall_after,
    )
    serve(server.chat, port=0)


if __name__ == '__main__':
    main()
