"""Bodies are unpacked and bounded."""

from __future__ import annotations

import asyncio
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterable
from itertools import repeat

import pytest

from next_mm.captioning.llm.bodies import BodyError, read_body

TEXT = b'{"choices": []}' * 1000


def pack(data: bytes, window: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return packer.compress(data) + packer.flush()


def read(pieces: Iterable[bytes], encoding: str = '', limit: int = 2**20) -> bytes:
    async def chunks() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return asyncio.run(read_body(chunks(), encoding, limit))


@pytest.mark.parametrize('size', [1, 7, 10**6])
@pytest.mark.parametrize(
    ('data', 'encoding'),
    [
        (TEXT, ''),
        (TEXT, 'identity'),
        (pack(TEXT, 31), 'gzip'),
        (pack(TEXT, 31), ' X-GZip '),
        (pack(TEXT[:500], 31) + pack(TEXT[500:], 31), 'gzip'),
        (pack(TEXT, 15), 'deflate'),
        (pack(TEXT, -15), 'deflate'),
    ],
    ids=range(7),
)
def test_what_goes_in_comes_out(data: bytes, encoding: str, size: int) -> None:
    assert read((data[start : start + size] for start in range(0, len(data), size)), encoding) == TEXT


@pytest.mark.parametrize(('window', 'encoding'), [(31, 'gzip'), (15, 'deflate'), (-15, 'deflate')])
def test_a_bomb_is_not_unpacked(window: int, encoding: str) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    bomb = b''.join([packer.compress(bytes(2**20)) for _ in range(30)]) + packer.flush()
    tracemalloc.start()
    with pytest.raises(BodyError, match='larger than 1 MiB'):
        read([bomb], encoding)
    assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    tracemalloc.stop()


def test_a_body_without_end_is_cut() -> None:
    with pytest.raises(BodyError, match='larger than 1 MiB'):
        read(repeat(b' ' * 2**16))


@pytest.mark.parametrize(
    ('data', 'encoding', 'text'),
    [
        (b'{}', 'br', "packed as 'br'"),
        (pack(pack(TEXT, 31), 31), 'gzip, gzip', "packed as 'gzip, gzip'"),
        (b'{}', 'gzip', 'cannot be unpacked'),
        (b'\xff' * 100, 'deflate', 'cannot be unpacked'),
    ],
    ids=range(4),
)
def test_what_cannot_be_unpacked_is_told(data: bytes, encoding: str, text: str) -> None:
    with pytest.raises(BodyError, match=text):
        read([data], encoding)
