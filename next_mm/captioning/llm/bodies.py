"""Bodies of replies, read and unpacked within bounds."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable

__all__ = ['BodyError', 'read_body']

_PACKED = ('gzip', 'x-gzip', 'deflate')
_GZIP, _ZLIB, _BARE = 31, 15, -15
"""How zlib names the forms; HTTP's deflate comes with zlib's header of two bytes, or bare."""


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
    if encoding not in ('', 'identity', *_PACKED):
        raise BodyError(f'the reply is packed as {encoding[:40]!r}, which was not asked for')
    unpacker = _Unpacker(encoding, limit) if encoding in _PACKED else None
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

    def __init__(self, encoding: str, limit: int) -> None:
        self._window = _ZLIB if encoding == 'deflate' else _GZIP
        self._limit = limit
        self._zlib: zlib._Decompress | None = None
        self._waiting = b''

    def feed(self, data: bytes) -> bytes:
        """Unpack what came; at most a byte more than the limit."""
        data, self._waiting = self._waiting + data, b''
        if self._zlib is None:
            if len(data) < 2:
                self._waiting = data
                return b''
            if self._window == _ZLIB and (data[0] & 15 != 8 or int.from_bytes(data[:2], 'big') % 31):
                self._window = _BARE
            self._zlib = zlib.decompressobj(self._window)
        out = bytearray()
        try:
            while data and len(out) <= self._limit:
                if self._zlib.eof:
                    self._zlib = zlib.decompressobj(self._window)
                out += self._zlib.decompress(data, self._limit + 1 - len(out))
                data = self._zlib.unused_data
        except zlib.error as error:
            raise BodyError(f'the reply cannot be unpacked ({error})') from None
        return bytes(out)
