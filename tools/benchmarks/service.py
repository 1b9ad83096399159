"""Inferencer and service in units of the bare model: ``python tools/benchmarks/service.py``.

The bare model runs on pictures that are decoded already. The inferencer reads, decodes and resizes files; the service,
a process of its own, takes them over HTTP from clients that ask at once. All three run in turn; the throughputs are
divided round by round. Captions are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import common
import numpy as np

from next_mm.apis.inference import ReIDInferencer

ROOT = Path(__file__).parents[2]
BARE, INFERENCER, SERVICE = 'bare model', 'inferencer', 'service'
START_MOST = 180
"""Seconds in which the service must start."""
BOUNDARY = 'b0undary'

Triplet = tuple[Path, Path, Path]


def make_files(folder: Path, count: int, size: tuple[int, int]) -> list[Triplet]:
    """Write triplets as JPEG files."""
    generator = np.random.default_rng(0)
    triplets = []
    for number in range(count):
        paths = tuple(folder / f'{number:05d}_{name}.jpg' for name in ('rgb', 'nir', 'tir'))
        for path in paths:
            path.write_bytes(common.make_jpeg(generator, size))
        triplets.append(paths)
    return triplets


class Client:
    """Asks the service as many clients at once.

    Args:
        port: of the service on this machine.
        clients: how many ask at a time.
    """

    def __init__(self, port: int, clients: int) -> None:
        self.port, self.clients = port, clients
        self.seconds: list[float] = []
        self.refused = 0

    def run(self, bodies: list[bytes]) -> None:
        """Send all requests; those that are refused are sent again."""
        asyncio.run(self._run(bodies))

    async def _run(self, bodies: list[bytes]) -> None:
        left = iter(bodies)

        async def client() -> None:
            for body in left:
                start = time.perf_counter()
                while await self._post(body) == 503:
                    self.refused += 1
                    await asyncio.sleep(1)
                self.seconds.append(time.perf_counter() - start)

        await asyncio.gather(*(client() for _ in range(self.clients)))

    async def _post(self, body: bytes) -> int:
        reader, writer = await asyncio.open_connection('127.0.0.1', self.port)
        head = (
            f'POST /v1/features HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {len(body)}\r\n'
            f'Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n'
        )
        writer.write(head.encode() + body)
        answer = await reader.read()
        writer.close()
        status = int(answer.split(maxsplit=2)[1])
        if status not in (200, 503):
            raise RuntimeError(f'the service answered {answer[:500]!r}')
        return status


def form(triplet: Triplet) -> bytes:
    """A multipart body with three pictures."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="x.jpg"\r\n\r\n'.encode()
        + path.read_bytes()
        for name, path in zip(('rgb', 'nir', 'tir'), triplet)
    ]
    return b'\r\n'.join([*parts, f'--{BOUNDARY}--\r\n'.encode()])


def start_service(source: tuple[Path, Path], port: int, args: argparse.Namespace) -> subprocess.Popen:
    """Start the service and wait until it is ready."""
    command = [sys.executable, __file__, '--serve', *map(str, source), str(port), '--threads', str(args.threads)]
    environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
    process = subprocess.Popen([*command, '--batch-sizes', str(args.batch_sizes[0])], env=environment)
    deadline = time.monotonic() + START_MOST
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f'http://127.0.0.1:{port}/v1/ready', timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return process
    process.kill()
    raise RuntimeError('the service did not start')


def serve(config: str, weights: str, port: int, args: argparse.Namespace) -> None:
    """Serve features, as tools/serve.py does."""
    import uvicorn

    from next_mm.service import ServiceOptions, create_app

    size = args.batch_sizes[0]
    with common.threads(args.threads):
        reid = ReIDInferencer(config, weights, device=args.device, batch_size=size)
        app = create_app(reid, options=ServiceOptions(max_batch=size))
        uvicorn.run(app, host='127.0.0.1', port=port, workers=1, log_level='warning')


def measure(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Run all three in turn; returns their rows."""
    size = args.batch_sizes[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = common.save_run(args, folder, **{'model.text': None})
        reid = ReIDInferencer(*source, device=args.device, batch_size=size)
        triplets = make_files(folder, args.triplets, reid.card['image_size'])
        packed = [reid.prepare(triplet, number)[1] for number, triplet in enumerate(triplets)]
        bodies = [form(triplet) for triplet in triplets]
        process = start_service(source, args.port, args)
        try:
            client = Client(args.port, args.clients)
            cases: dict[str, Callable[[], Any]] = {
                BARE: lambda: [reid.backend.encode(packed[at : at + size]) for at in range(0, len(packed), size)],
                INFERENCER: lambda: list(reid.stream(triplets)),
                SERVICE: lambda: client.run(bodies),
            }
            warm = Client(args.port, args.clients)
            warm.run(bodies[: 2 * size])
            timings = common.interleave(cases, repeats=args.repeats, warmup=0)
        finally:
            process.kill()
            process.wait()
    rows = []
    for name in cases:
        rate = [base / spent for spent, base in zip(timings[name].clock, timings[BARE].clock)]
        row = {
            'case': name,
            'batch': size,
            'triplets/s': len(triplets) / statistics.median(timings[name].clock),
            'of the bare model': statistics.median(rate),
        }
        rows.append({**row, 'p50 ms': '', 'p99 ms': '', 'refused': ''})
    p50, p99 = np.quantile(client.seconds, [0.5, 0.99])
    rows[-1] |= {'p50 ms': round(1000 * p50), 'p99 ms': round(1000 * p99), 'refused': client.refused}
    return rows


def main() -> None:
    """Measure and report."""
    parser = common.arguments('Inferencer and service against the bare model.', repeats=3, batch_sizes=(16,))
    parser.add_argument('--triplets', type=int, default=96, help='a round')
    parser.add_argument('--clients', type=int, default=32, help='that ask the service at a time')
    parser.add_argument('--port', type=int, default=8099)
    parser.add_argument('--serve', nargs=3, metavar=('CONFIG', 'WEIGHTS', 'PORT'), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(*args.serve[:2], int(args.serve[2]), args)
        return
    with common.threads(args.threads):
        rows = measure(args)
    title = f'Inferencer and service, {args.clients} clients, {args.config} without captions'
    common.report(title, rows, args)


if __name__ == '__main__':
    main()
