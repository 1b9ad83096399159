"""Pictures as they are sent: keyed by content, checked, bare of metadata, of a sane size."""

from __future__ import annotations

import base64
import hashlib
import io
import threading

import cv2
import numpy as np
from PIL import Image

from next_mm.utils.pictures import PictureError, decode_picture, is_deep, open_picture, read_file

__all__ = ['MOST_PIXELS', 'picture_key', 'prepare_picture']

MOST_PIXELS, MOST_DEEP_PIXELS = 32_000_000, 8_000_000
"""A picture of so many (of more than 8 bits a channel: the second) takes some 200 MiB while it is decoded."""
_HEAVY = 4_000_000
_HEAVY_TURN = threading.Lock()
"""Pictures of more pixels than that are decoded one at a time."""

_METADATA = frozenset(range(0xE1, 0xEE)) | {0xEF, 0xFE}
"""JPEG segments that may say where, when and with what a picture was taken."""
_END = b'\xff\xd9'
_PNG = b'\x89PNG\r\n\x1a\n'
_PNG_DEPTH = 24  # byte of the header that holds the bits per channel
_GREY_TAILS = (0.5, 99.5)
"""Percentiles of a deep grey picture that become black and white; a radiometric one uses a small part of its range."""


def picture_key(data: bytes, panel: int) -> str:
    """Key of a picture: 128 bits of its file's SHA-256, and its place in a side-by-side file."""
    key = hashlib.sha256(data).hexdigest()[:32]
    return key if panel < 0 else f'{key}:{panel}'


def prepare_picture(path: str, panel: int, max_side: int, key: str) -> str:
    """A picture as a data URL: whole, without metadata, at most ``max_side`` pixels on its longer side.

    A JPEG that needs no change is sent as it is; anything else is encoded anew, without loss. More than 8 bits a
    channel are scaled to 8: grey pictures by their own range, colours by the number of bits in use.

    Args:
        path: the file.
        panel: place in a file of three pictures side by side, -1 for a file of its own.
        max_side: pixels.
        key: of the picture that was listed.

    Raises:
        PictureError: missing, damaged, no plain file, beyond every sane size, or changed since it was listed.
    """
    data = read_file(path)
    if picture_key(data, panel) != key:
        raise PictureError(f'{path}: the file changed while the run was under way')
    picture = open_picture(data, path)
    deep = is_deep(picture) or (data.startswith(_PNG) and data[_PNG_DEPTH] > 8)
    pixels, most = picture.width * picture.height, MOST_DEEP_PIXELS if deep else MOST_PIXELS
    if pixels > most:
        size = f'{picture.width} x {picture.height}'
        raise PictureError(f'{path}: {size} pixels; more than {most / 1e6:g} million are not sent')
    decode = _scale_deep if deep else decode_picture
    unchanged = picture.format == 'JPEG' and panel < 0 and max(picture.size) <= max_side and not _has_metadata(data)
    if pixels <= _HEAVY:
        return _encode(decode(data, path), data if unchanged else None, path, panel, max_side)
    with _HEAVY_TURN:
        return _encode(decode(data, path), data if unchanged else None, path, panel, max_side)


def _encode(pixels: np.ndarray, as_it_is: bytes | None, path: str, panel: int, max_side: int) -> str:
    if as_it_is is not None:
        return _data_url(as_it_is, 'jpeg')
    if panel >= 0:
        width = pixels.shape[1] // 3
        pixels = pixels[:, panel * width : (panel + 1) * width]
    if not pixels.size:
        raise PictureError(f'{path}: too narrow for three pictures side by side')
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((max_side, max_side), Image.Resampling.BICUBIC)
    clean = io.BytesIO()
    picture.save(clean, 'PNG')  # made of pixels alone: what the file carried stays behind
    return _data_url(clean.getvalue(), 'png')


def _scale_deep(data: bytes, path: str) -> np.ndarray:
    """Decode a picture of more than 8 bits a channel to (H, W, 3) uint8."""
    decode_picture(data, path, levels=(0, 1))  # the same checks as for any other
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None:
        raise PictureError(f'{path}: the picture cannot be decoded')
    if values.ndim == 2:
        return np.repeat(_stretch(values)[..., None], 3, axis=2)
    values = values[..., 2::-1]  # OpenCV's order is blue, green, red, alpha
    if values.dtype != np.uint16:
        return _stretch(values)
    bits = max(8, 2 * -(-int(values.max()).bit_length() // 2))  # 10, 12, 14 or 16
    table = (np.arange(2**16) * (255 / (2**bits - 1))).clip(0, 255).round().astype(np.uint8)
    return table[values]


def _stretch(values: np.ndarray) -> np.ndarray:
    """Scale values of any range to 8 bits by their own, those that are no numbers to black."""
    values = values.astype(np.float32)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.zeros(values.shape, np.uint8)
    low, high = np.percentile(finite[:: 1 + finite.size // 1_000_000], _GREY_TAILS)
    if high <= low:
        low, high = finite.min(), finite.max()
    span = high - low if high > low else 1.0
    scaled = np.nan_to_num((values - low) / span, nan=0.0, posinf=1.0, neginf=0.0)
    return (255 * scaled.clip(0, 1)).round().astype(np.uint8)


def _data_url(data: bytes, kind: str) -> str:
    return f'data:image/{kind};base64,{base64.b64encode(data).decode()}'


def _has_metadata(data: bytes) -> bool:
    if not data.endswith(_END):
        return True  # whatever some cameras add behind the picture
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _METADATA:
            return True
        if marker == 0xDA:  # the pixels begin
            return False
        at += 2 + int.from_bytes(data[at + 2 : at + 4], 'big')
    return True  # not laid out as expected: better to encode it anew
