"""What strangers send to the service, and what it must answer."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

TOKEN = 'a-token-of-24-characters'
BOUNDARY = 'b0undary'
NAMES = ('it\'s "quoted"', 'line\r\nbreak', "'; DROP TABLE entry; --", '../../etc/passwd', '日本', '%00', '<script>')
LARGE = 60 * 2**20


@dataclass(frozen=True)
class Sent:
    """One request as it goes over the wire.

    Attributes:
        head: request line and headers.
        body: what follows.
        statuses: answers that are right; 0 is a connection that the service closes.
        pause: seconds between two bytes of the body, for slow callers.
        leaves: whether the caller goes away in the middle of the body.
        check: of the answer's JSON, beyond its status.
    """

    head: bytes
    body: bytes = b''
    statuses: tuple[int, ...] = (200,)
    pause: float = 0.0
    leaves: bool = False
    check: Callable[[Any], bool] = field(default=lambda answer: True)


def head(
    path: str,
    length: int | str | None,
    *,
    method: str = 'POST',
    kind: str = f'multipart/form-data; boundary={BOUNDARY}',
    token: str | None = TOKEN,
    extra: str = '',
) -> bytes:
    """Request line and headers."""
    lines = [f'{method} {path} HTTP/1.1', 'Host: 127.0.0.1', 'Connection: close', f'Content-Type: {kind}']
    lines += [] if token is None else [f'Authorization: Bearer {token}']
    lines += [] if length is None else [f'Content-Length: {length}']
    return ('\r\n'.join([*lines, *([extra] if extra else [])]) + '\r\n\r\n').encode()


def form(pictures: dict[str, bytes], **fields: str) -> bytes:
    """A multipart body."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="x.jpg"\r\n\r\n'.encode() + data
        for name, data in pictures.items()
    ]
    parts += [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value.encode()
        for name, value in fields.items()
    ]
    return b'\r\n'.join([*parts, f'--{BOUNDARY}--\r\n'.encode()])


def post(path: str, body: bytes, **options: object) -> Sent:
    """A multipart request."""
    return Sent(head(path, len(body)), body, **options)  # type: ignore[arg-type]


def post_json(path: str, body: bytes, **options: object) -> Sent:
    """A JSON request."""
    return Sent(head(path, len(body), kind='application/json'), body, **options)  # type: ignore[arg-type]


def picture(image: Image.Image, kind: str = 'PNG') -> bytes:
    """The bytes of a picture file."""
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def png(width: int, height: int) -> bytes:
    """A PNG whose header says a size, in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, 'big') + kind + data + zlib.crc32(kind + data).to_bytes(4, 'big')

    size = width.to_bytes(4, 'big') + height.to_bytes(4, 'big') + bytes([8, 2, 0, 0, 0])
    pixels = chunk(b'IDAT', zlib.compress(b'\0' * 1000))
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', size) + pixels + chunk(b'IEND', b'')


def hostile_requests(dim: int) -> dict[str, Sent]:
    """Name to request.

    Args:
        dim: width of a feature.
    """
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 32, 3), np.uint8))
    good = picture(noise, 'JPEG')
    deep = picture(Image.fromarray(np.zeros((8, 8), np.uint16)))
    chunk = b'100000\r\n' + b'0' * 2**20 + b'\r\n'
    rows = json.dumps({'features': [[0.5] * dim]})
    features = '/v1/features'
    return {
        'bomb': post(features, form({'rgb': png(50_000, 50_000)}), statuses=(422,)),
        'bomb within the limit': post(features, form({'rgb': png(4000, 4000)}), statuses=(422,)),
        '60 MB declared': Sent(head(features, LARGE), b'0' * 2**20, statuses=(413, 0)),
        '60 MB in chunks': Sent(
            head(features, None, extra='Transfer-Encoding: chunked'), chunk * 60, statuses=(413, 503, 0)
        ),
        'length of a thousand digits': Sent(head(features, '9' * 1000), statuses=(400, 413)),
        'negative length': Sent(head(features, -5), statuses=(400,)),
        # 0: where a byte meets the closed connection, TCP resets it, and the answer is lost with it
        'slow body': Sent(head(features, 1000), b'0' * 1000, statuses=(408, 0), pause=0.2),
        'caller goes away': Sent(head(features, 10_000), b'0' * 5000, leaves=True),
        'JSON for a form': post_json(features, b'{}', statuses=(415,)),
        'broken form': post(features, b'--nothing', statuses=(400,)),
        'no picture': post(features, form({}, id='x'), statuses=(422,)),
        'text as picture': post(features, form({'rgb': b'hello'}), statuses=(422,)),
        'empty picture': post(features, form({'rgb': b''}), statuses=(422,)),
        'half a JPEG': post(features, form({'rgb': good[: len(good) // 2]}), statuses=(422,)),
        '16 bit': post(features, form({'rgb': deep}), statuses=(422,)),
        'unknown field': post(features, form({'rgb': good}, sql='x'), statuses=(422,)),
        'a field twice': post(
            features, form({'rgb': good}, id='x').replace(b'name="id"', b'name="rgb"'), statuses=(422,)
        ),
        'wrong number': post('/v1/search', form({'rgb': good}, top='nan'), statuses=(422,)),
        'no time': post('/v1/search', form({'rgb': good}, after='"; --'), statuses=(422,)),
        'CMYK': post(features, form({'rgb': picture(noise.convert('CMYK'), 'JPEG')}), statuses=(200,)),
        'grey': post(features, form({'nir': picture(noise.convert('L'))}), statuses=(200,)),
        'NaN features': post_json('/v1/search/features', rows.replace('0.5', 'NaN').encode(), statuses=(422,)),
        'infinite features': post_json('/v1/search/features', rows.replace('0.5', '1e999').encode(), statuses=(422,)),
        'features of zeros': post_json('/v1/search/features', rows.replace('0.5', '0').encode(), statuses=(422,)),
        'large JSON': post_json('/v1/search/features', b'[' + b'1,' * 3 * 2**20 + b'1]', statuses=(413, 0)),
        'deep JSON': post_json('/v1/search/features', b'[' * 100_000, statuses=(400, 422)),
        'unknown entries': post_json('/v1/search/features', b'{"like": ["nobody"]}', statuses=(422,)),
        'wrong token': Sent(head(features, 0, token='wrong'), statuses=(401,)),
        'no token': Sent(head('/v1/stats', 0, method='GET', token=None), statuses=(401,)),
        'unknown path': Sent(head('/v1/../../etc/passwd', 0, method='GET'), statuses=(404,)),
        'unknown method': Sent(head(features, 0, method='PATCH'), statuses=(405,)),
        'no HTTP': Sent(b'\x16\x03\x01 nonsense\r\n\r\n', statuses=(400,)),
        'a line without end': Sent(b'GET /' + b'a' * 300_000, statuses=(400, 0)),
        'delete without filter': Sent(head('/v1/entries', 0, method='DELETE'), statuses=(422,)),
    }
