"""The service under fire: ``python -m tests.service.fire MODEL --requests 10000``.

A third of the requests are hostile. The others must be answered rightly, no answer may tell a path or a trace, and
the memory must stay bounded. Everything stays on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from PIL import Image

from next_mm.apis.inference import ReIDInferencer
from tests.service.hostile import NAMES, TOKEN, Sent, form, head, hostile_requests, picture, post, post_json

ROOT = Path(__file__).parents[2]
TOLERANCE = 1e-5
TRIPLETS = 12
BODY_TIMEOUT = 2.0
RARE = {'60 MB in chunks': 0.15, '60 MB declared': 0.5, 'large JSON': 0.3, 'slow body': 0.5}
"""How often costly kinds come, in units of the others."""
SECRETS = ('Traceback', 'File "', 'site-packages', '/tmp', '/home', '/usr', '.py')
SEND_MOST = 120.0
"""Seconds that one request may take."""


def serve(model: str, gallery: str, port: int) -> None:
    """Serve, as tools/serve.py does, with a body timeout that a test can wait for."""
    import uvicorn

    from next_mm.gallery import Gallery
    from next_mm.service import ServiceOptions, create_app

    reid = ReIDInferencer(model)
    options = ServiceOptions(tokens={'desk': TOKEN}, body_timeout=BODY_TIMEOUT)
    app = create_app(reid, Gallery.open(gallery, reid.space, who='service'), options)
    uvicorn.run(app, host='127.0.0.1', port=port, workers=1, server_header=False, log_level='critical')


class Fire:
    """Sends requests, and keeps what was wrong about the answers.

    Args:
        port: of the service.
        reid: the model, to know the right answers.
        seed: of the choices.
    """

    def __init__(self, port: int, reid: ReIDInferencer, seed: int) -> None:
        self.port, self.rng = port, random.Random(seed)
        self.faults: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.seconds: list[float] = []
        self.hostile = hostile_requests(reid.space.dim)
        self.weights = [RARE.get(name, 1.0) for name in self.hostile]
        rng = np.random.default_rng(seed)
        small = [Image.fromarray(rng.integers(0, 255, (8, 4, 3), np.uint8)) for _ in range(3 * TRIPLETS)]
        data = [picture(image.resize((64, 128), Image.Resampling.BICUBIC), 'JPEG') for image in small]
        self.triplets = [dict(zip(('rgb', 'nir', 'tir'), data[3 * i : 3 * i + 3])) for i in range(TRIPLETS)]
        self.expected = reid([{**triplet, 'id': str(number)} for number, triplet in enumerate(self.triplets)]).features

    def fill(self) -> list[Sent]:
        """Requests that put every triplet into the gallery."""
        return [
            post('/v1/entries', form(triplet, id=f'known {number}', on_conflict='replace'), statuses=(201,))
            for number, triplet in enumerate(self.triplets)
        ]

    def choose(self) -> tuple[str, Sent]:
        """One request at random, a third of them hostile."""
        if self.rng.random() < 1 / 3:
            return self.rng.choices(list(self.hostile.items()), self.weights)[0]
        number = self.rng.randrange(TRIPLETS)
        triplet, expected, known = self.triplets[number], self.expected[number], f'known {number}'
        name = self.rng.choice(NAMES) + str(self.rng.randrange(1000))
        return self.rng.choice(
            [
                ('features', post('/v1/features', form(triplet), check=lambda got: near(got, expected))),
                (
                    'search',
                    post('/v1/search', form(triplet, top='1'), check=lambda got: found(got['hits'], known)),
                ),
                (
                    'search with features',
                    post_json(
                        '/v1/search/features',
                        json.dumps({'features': [expected.tolist()], 'top': 1}).encode(),
                        check=lambda got: found(got['results'][0], known),
                    ),
                ),
                (
                    'search like',
                    post_json(
                        '/v1/search/features',
                        json.dumps({'like': [known], 'top': 1}).encode(),
                        check=lambda got: found(got['results'][0], known),
                    ),
                ),
                (
                    'add a strange name',
                    post(
                        '/v1/entries',
                        form({'rgb': triplet['rgb']}, id=name, identity=name, on_conflict='replace'),
                        statuses=(201,),
                        check=lambda got: got == {'added': 1, 'id': name},
                    ),
                ),
                (
                    'delete a strange name',
                    Sent(head(f'/v1/entries/{quote(name, safe="")}', 0, method='DELETE'), statuses=(200,)),
                ),
                ('health', Sent(head('/v1/health', 0, method='GET', token=None))),
            ]
        )

    async def send(self, name: str, request: Sent) -> None:
        """Send one request and judge the answer."""
        start = time.perf_counter()
        try:
            status, body = await asyncio.wait_for(self._exchange(request), SEND_MOST)
        except asyncio.TimeoutError:
            self.faults.append(f'{name}: no answer in {SEND_MOST:g} s')
            return
        self.statuses[status] += 1
        if request.leaves:
            return
        if name not in self.hostile:
            self.seconds.append(time.perf_counter() - start)
        if status not in request.statuses:
            self.faults.append(f'{name}: {status} {body[:200]!r}')
        elif any(secret.encode() in body for secret in SECRETS):
            self.faults.append(f'{name}: tells {body[:300]!r}')
        elif status == 200 or status == 201:
            if not request.check(json.loads(body)):
                self.faults.append(f'{name}: wrong answer {body[:200]!r}')
        elif status not in (0, 400) and set(json.loads(body)) != {'error', 'field'}:
            self.faults.append(f'{name}: {body[:200]!r}')

    async def _exchange(self, request: Sent) -> tuple[int, bytes]:
        """Return status and body of the answer; status 0 where the service closed without one."""
        reader, writer = await asyncio.open_connection('127.0.0.1', self.port)
        try:
            writer.write(request.head)
            try:
                await self._write_body(writer, reader, request)
            except (ConnectionError, OSError):
                pass  # refused in the middle of the body: the answer may be there
            if request.leaves:
                return 0, b''
            answer = await reader.read()
        except (ConnectionError, OSError):
            return 0, b''
        finally:
            writer.close()
        first, _, rest = answer.partition(b'\r\n')
        return (int(first.split()[1]), rest.partition(b'\r\n\r\n')[2]) if answer else (0, b'')

    async def _write_body(self, writer: asyncio.StreamWriter, reader: asyncio.StreamReader, request: Sent) -> None:
        size = 1 if request.pause else 2**18
        for place in range(0, len(request.body), size):
            writer.write(request.body[place : place + size])
            await writer.drain()
            if request.pause:
                await asyncio.sleep(request.pause)
                if reader.at_eof() or reader._buffer:  # type: ignore[attr-defined]
                    return

    async def run(self, count: int, clients: int) -> None:
        """Send requests, some at a time."""
        left = iter(range(count))

        async def client() -> None:
            for _ in left:
                await self.send(*self.choose())

        for request in self.fill():
            await self.send('fill', request)
        await asyncio.gather(*(client() for _ in range(clients)))
        for number, request in enumerate(self.fill()):  # it still works
            await self.send(f'afterwards {number}', request)


def near(answer: Any, expected: np.ndarray) -> bool:
    """Whether an answer's features are the expected ones."""
    return bool(np.abs(np.array(answer['features']) - expected).max() <= TOLERANCE)


def found(hits: list, name: str) -> bool:
    """Whether a search found the entry that is the query."""
    return hits[0]['entry']['id'] == name and hits[0]['score'] > 1 - TOLERANCE


def resident_mib(process: int) -> float:
    """Resident memory of a process."""
    for line in Path(f'/proc/{process}/status').read_text().splitlines():
        if line.startswith('VmRSS'):
            return int(line.split()[1]) / 1024
    return 0.0


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen, seconds: float = 120) -> None:
    """Wait until a service listens."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(('127.0.0.1', port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError('the service did not start')


async def watch(process: int, memory: list[float]) -> None:
    """Note the resident memory again and again."""
    while True:
        memory.append(resident_mib(process))
        await asyncio.sleep(0.2)


async def shoot(fire: Fire, process: int, count: int, clients: int) -> list[float]:
    """Send all requests; return the resident memory over time."""
    memory: list[float] = []
    for _ in range(3):
        for request in fire.fill():  # warm
            await fire.send('fill', request)
    watcher = asyncio.create_task(watch(process, memory))
    await fire.run(count, clients)
    watcher.cancel()
    return memory


@dataclass(frozen=True)
class Outcome:
    """What became of a service.

    Attributes:
        fire: what was sent and answered.
        memory: resident MiB over time.
        alive: whether it still ran in the end.
        seconds: that it took.
    """

    fire: Fire
    memory: list[float]
    alive: bool
    seconds: float


def fire_at(model: str, *, requests: int, clients: int, seed: int) -> Outcome:
    """Start a service of its own with an empty gallery, and fire at it."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [sys.executable, '-m', 'tests.service.fire', model, '--serve', f'{folder}/gallery', str(port)]
        process = subprocess.Popen(command, env=os.environ, cwd=ROOT)
        try:
            fire = Fire(port, ReIDInferencer(model), seed)
            wait_for(port, process)
            start = time.perf_counter()
            memory = asyncio.run(shoot(fire, process.pid, requests, clients))
            return Outcome(fire, memory, process.poll() is None, time.perf_counter() - start)
        finally:
            process.kill()
            process.wait()


def main() -> int:
    """Fire, and say what happened; exits with 1 where an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', help='a pack or the folder of a run')
    parser.add_argument('--requests', type=int, default=10_000)
    parser.add_argument('--clients', type=int, default=32)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--serve', nargs=2, metavar=('GALLERY', 'PORT'), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.model, args.serve[0], int(args.serve[1]))
        return 0
    outcome = fire_at(str(Path(args.model).resolve()), requests=args.requests, clients=args.clients, seed=args.seed)
    fire, memory, alive = outcome.fire, outcome.memory, outcome.alive
    p50, p99 = np.quantile(fire.seconds, [0.5, 0.99])
    print(f'{args.requests} requests, {args.clients} at a time, in {outcome.seconds:.0f} s')
    print(f'statuses (0: closed without an answer): {dict(sorted(fire.statuses.items()))}')
    print(f'honest requests: median {1000 * p50:.0f} ms, 99 % within {1000 * p99:.0f} ms, {fire.statuses[503]} refused')
    print(f'memory: {memory[0]:.0f} MiB before, {max(memory):.0f} at most, {memory[-1]:.0f} after; alive: {alive}')
    for fault in fire.faults[:20]:
        print(f'FAULT {fault}')
    print(f'{len(fire.faults)} faults')
    return 1 if fire.faults or not alive else 0


if __name__ == '__main__':
    sys.exit(main())
