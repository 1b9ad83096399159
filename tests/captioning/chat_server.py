"""A chat server that misbehaves by plan: run as a process, it logs every request and every answer it gave, each with how many
requests there were at that moment and with the time.

``python chat_server.py LOG PLAN [--latency S] [--stall-after N]``: PLAN is a JSON file, picture key -> list of what to do with the
first, second, ... request about it (then it answers properly). With ``--stall-after`` it answers N requests and no more.
"""

import argparse
import asyncio
import json
import time
from collections import Counter

from aiohttp import web

from next_mm.captioning.attributes.schema import load_schema
from next_mm.captioning.pictures import picture_key
from next_mm.captioning.simulation.server import answer_text, completion, picture_of

PLATE = '沪A·88B42'


class Server:
    """State of the server."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.schema = load_schema('person')
        self.latency, self.stall_after = arguments.latency, arguments.stall_after
        self.log = open(arguments.log, 'a', buffering=1)
        with open(arguments.plan) as file:
            self.plan = json.load(file)
        self.seen = Counter()
        self.answered = self.in_flight = 0

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        picture = picture_of(body['messages'])
        key = picture_key(picture, -1) if picture else 'compose'
        step = self.seen[key, body['model']]
        self.seen[key, body['model']] += 1
        steps = self.plan.get(key, [])
        trick = steps[step] if step < len(steps) else 'answer'
        self.in_flight += 1
        try:
            self.write('asked', key, body['model'], trick, self.in_flight, time.monotonic())
            await asyncio.sleep(self.latency)
            if self.stall_after and self.answered >= self.stall_after:
                await asyncio.sleep(3600)
            self.answered += 1
            response = await getattr(self, trick)(request, body)
            self.write(
                'answered' if response.status == 200 else 'failed',
                key,
                body['model'],
                trick,
                self.in_flight,
                time.monotonic(),
            )
            return response
        finally:
            self.in_flight -= 1

    def write(self, *words: object) -> None:
        print(*words, file=self.log)

    async def answer(self, request, body):
        return web.json_response(completion(answer_text(body, self.schema, {})))

    async def too_many(self, request, body):
        return web.json_response({'error': {'message': 'slow down'}}, status=429, headers={'Retry-After': '0.2'})

    async def error_500(self, request, body):
        return web.json_response(
            {'error': {'message': f'boom, you sent {request.headers["Authorization"]}'}}, status=500
        )

    async def bad_request(self, request, body):
        return web.json_response(
            {'error': {'message': f'picture rejected, key {request.headers["Authorization"]}'}}, status=400
        )

    async def hang(self, request, body):
        await asyncio.sleep(3600)

    async def broken(self, request, body):
        response = web.StreamResponse(headers={'Content-Type': 'application/json', 'Content-Length': '5000'})
        await response.prepare(request)
        await response.write(b'{"choices": [{"mess')
        request.transport.close()
        self.write('broken')
        response._status = 500
        return response

    async def drip(self, request, body):
        response = web.StreamResponse(headers={'Content-Type': 'application/json'})
        await response.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b' ')
            await asyncio.sleep(0.1)
        return web.Response(status=500)

    async def refusal(self, request, body):
        return web.json_response(completion("I'm sorry, I can't identify people in pictures."))

    async def formal_refusal(self, request, body):
        return web.json_response(completion(None, refusal='I cannot help with that.'))

    async def truncated(self, request, body):
        text = answer_text(body, self.schema, {})
        return web.json_response(completion(text[: len(text) // 2], 'length'))

    async def white_space(self, request, body):
        return web.json_response(completion(answer_text(body, self.schema, {}) + '\n ' * 2000, 'length'))

    async def white_space_inside(self, request, body):
        text = answer_text(body, self.schema, {})
        return web.json_response(completion(text[: len(text) // 2].rpartition(',')[0] + ',' + '\n ' * 2000, 'length'))

    async def fences(self, request, body):
        return web.json_response(
            completion(f'Sure!\n```json\n{answer_text(body, self.schema, {})}\n```\nAnything else?')
        )

    async def odd_confidence(self, request, body):
        fields = json.loads(answer_text(body, self.schema, {}))
        for index, entry in enumerate(fields.values()):
            entry['confidence'] = ('85%', 85, 'high', 'sky-high', -2)[index % 5]
        return web.json_response(completion(json.dumps(fields)))

    async def missing_and_extra(self, request, body):
        fields = json.loads(answer_text(body, self.schema, {}))
        del fields['gender'], fields['footwear']
        return web.json_response(completion(json.dumps({**fields, 'name': {'value': 'John', 'confidence': 1}})))

    async def wrong_types(self, request, body):
        fields = json.loads(answer_text(body, self.schema, {}))
        fields.update(
            age=17,
            gender=['male', 'female'],
            backpack={'value': True, 'confidence': 0.9},
            upper_type={'value': {'a': 1}, 'confidence': 0.5},
            hairstyle={'value': 'green mohawk', 'confidence': 0.99},
        )
        return web.json_response(completion(json.dumps(fields)))

    async def plate(self, request, body):
        fields = json.loads(answer_text(body, self.schema, {}))
        fields['licence_plate_text'] = {'value': PLATE, 'confidence': 0.9}
        fields['view'] = {'value': f'beside car {PLATE}', 'confidence': 0.9}
        return web.json_response(completion(json.dumps(fields, ensure_ascii=False)))

    async def not_a_completion(self, request, body):
        return web.Response(text='<html>gateway</html>', content_type='text/html')

    async def wrong_key(self, request, body):
        return web.json_response(
            {'error': {'message': f'Incorrect API key: {request.headers["Authorization"]}'}}, status=401
        )

    async def elsewhere(self, request, body):
        return web.Response(status=307, headers={'Location': 'http://127.0.0.1:1/v1/chat/completions'})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('log')
    parser.add_argument('plan')
    parser.add_argument('--latency', type=float, default=0.0)
    parser.add_argument('--stall-after', type=int, default=0)
    server = Server(parser.parse_args())
    app = web.Application(client_max_size=1 << 24)
    app.router.add_post('/v1/chat/completions', server.chat)
    web.run_app(
        app,
        host='127.0.0.1',
        port=0,
        access_log=None,
        print=lambda text: print(text.splitlines()[0].strip('= '), flush=True),
    )


if __name__ == '__main__':
    main()
