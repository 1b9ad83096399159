"""Bodies of replies, read and unpacked within bounds."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

__all__ = ['BodyError', 'read_body']

_WINDOWS = {'gzip': (31,), 'x-gzip': (31,), 'deflate': (15, -15)}
"""How zlib names what HTTP does; deflate comes with its header or without."""


class BodyError(Exception):
    """A body that is larger than any answer, damaged, or packed in a way that nobody asked for; the text says which."""


async def read_body(chunks: AsyncIterable[bytes], encoding: str, limit: int) -> bytes:
    """Read a body to its end.

    Args:
        chunks: as they come from the wire.
        encoding: the header Content-Encoding.
        limit: bytes that the body may have, packed and unpacked.

    Raises:
        BodyError: there is more, or it cannot be unpacked.
    """
    encoding = encoding.strip().lower()
    if encoding in ('', 'identity'):
        unpacker: _Unpacker | None = None
    elif encoding in _WINDOWS:
        unpacker = _Unpacker(_WINDOWS[encoding], limit)
    else:
        raise BodyError(f'the reply is packed as {encoding[:40]!r}, which was not asked for')
    body = bytearray()
    packed = 0
    async for chunk in chunks:
        packed += len(chunk)
        body += chunk if unpacker is None else unpacker.feed(chunk)
        if max(packed, len(body)) > limit:
            raise BodyError(f'the reply is larger than {limit / 2**20:g} MiB')
    return bytes(body)


class _Unpacker:
    """zlib with a bound on what comes out; a stream of several members is read to its end."""

    def __init__(self, windows: tuple[int, ...], limit: int) -> None:
        self._windows, self._limit = windows, limit
        self._zlib = zlib.decompressobj(windows[0])
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        """Unpack what came; at most a byte more than the limit."""
        out = bytearray()
        while data and len(out) <= self._limit:
            if self._zlib.eof:
                self._zlib = zlib.decompressobj(self._windows[0])
            out += self._unpack(data, self._limit + 1 - len(out))
            data = self._zlib.unused_data if self._zlib.eof else b''
        return bytes(out)

    def _unpack(self, data: bytes, most: int) -> bytes:
        try:
            try:
                out = self._zlib.decompress(data, most)
            except zlib.error:
                if self._begun or len(self._windows) == 1:
                    raise
                self._zlib = zlib.decompressobj(self._windows[1])
                out = self._zlib.decompress(data, most)
        except zlib.error as error:
            raise BodyError(f'the reply cannot be unpacked ({error})') from None
        self._begun = True
        return out
