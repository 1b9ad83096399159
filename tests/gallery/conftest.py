"""A Milvus server of this machine, and both stores behind one function."""

from __future__ import annotations

import itertools
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from next_mm.gallery import Gallery
from tests.gallery.naive import SPACE


@pytest.fixture(scope='session')
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Milvus Lite server."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp('milvus')
    command = ['milvus-lite', 'server', '--data-dir', str(folder), '--port', str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(('127.0.0.1', port)) == 0:
                break
        time.sleep(0.2)
    yield f'http://127.0.0.1:{port}'
    process.kill()
    process.wait()


COUNTER = itertools.count()


needs_server = pytest.mark.extra('pymilvus', program='milvus-lite')


@pytest.fixture(params=['sqlite', pytest.param('milvus', marks=needs_server)])
def reopen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Gallery]:
    """Open the gallery of this test, again and again; ``name`` tells several apart."""
    folder = tmp_path_factory.mktemp('galleries')
    number = next(COUNTER)
    address = request.getfixturevalue('server') if request.param == 'milvus' else ''

    def open_gallery(name: str = 'gallery') -> Gallery:
        return Gallery.open(f'{address}/{name}{number}' if address else folder / name, SPACE)

    return open_gallery
