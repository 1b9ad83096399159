"""Read one picture file, whoever made it, or say what is wrong with it; no torch.

Nothing but a regular file of moderate size is opened, and no pixel is decoded before the size in the header is known.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
import zlib
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import simplejpeg
from PIL import Image, UnidentifiedImageError

from next_mm.errors import DataError

__all__ = [
    'MAX_BYTES',
    'MAX_PIXELS',
    'Examined',
    'PictureError',
    'decode_picture',
    'examine_pictures',
    'is_deep',
    'open_picture',
    'read_file',
    'read_picture',
]

MAX_BYTES = 2**28
"""Bytes of the largest picture file that is read."""

MAX_PIXELS = 2**26
"""Pixels of the largest picture that is decoded; as RGB it takes 192 MiB."""

_JPEG, _PNG = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'
_PNG_FIRST_PART, _PNG_HEADER = (
    b'\0\0\0\x0dIHDR',
    16,
)  # the header's length and name; where width, height and bits a channel stand
_FORMATS = ('JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP', 'GIF')
"""What Pillow may take a file for, whatever it is called; some of its other readers start programs."""
_BITS_PER_SAMPLE = 258  # tag of a TIFF

_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    EOFError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow's readers raise for a damaged file, each its own."""


class PictureError(DataError):
    """A picture file that cannot be used; the text names it and says why."""


def read_picture(path: str | Path, *, levels: Sequence[float] | None = None) -> np.ndarray:
    """Decode a picture file to RGB; a damaged file is an error, never half a picture.

    Args:
        path: the file.
        levels: for a picture of more than 8 bits a channel, the values that become grey levels 0 and 255; those
            between are scaled, those beyond are cut off. ``None`` refuses such a picture.

    Returns:
        (H, W, 3) uint8 in RGB order.

    Raises:
        PictureError: no regular file, an empty, truncated, damaged or unreadable one, a picture of absurd size, or one
            of more than 8 bits a channel without ``levels``.
    """
    return decode_picture(read_file(path), path, levels=levels)


def read_file(path: str | Path) -> bytes:
    """Read a picture file; a pipe, a device, a folder or a socket of that name is not waited for.

    Raises:
        PictureError: it is none, is empty, or is larger than :data:`MAX_BYTES`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0) | getattr(os, 'O_BINARY', 0))
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        raise PictureError(f'{path}: {getattr(error, "strerror", None) or error}') from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise PictureError(f'{path}: not a regular file')
        if status.st_size > MAX_BYTES:
            raise PictureError(f'{path}: {status.st_size:,} bytes; at most {MAX_BYTES:,} are read')
        with open(descriptor, 'rb', closefd=False) as file:
            data = file.read(MAX_BYTES)
    except OSError as error:
        raise PictureError(f'{path}: {error.strerror or error}') from error
    finally:
        os.close(descriptor)
    if not data:
        raise PictureError(f'{path}: the picture file is empty (zero bytes)')
    return data


def decode_picture(data: bytes, path: str | Path, *, levels: Sequence[float] | None = None) -> np.ndarray:
    """Decode the bytes of a picture file; see :func:`read_picture`.

    JPEG and PNG go to decoders that say when data is lost: a JPEG decoder in general fills the lost part with grey.

    Args:
        data: contents of the file.
        path: its name, for messages.
        levels: see :func:`read_picture`.
    """
    if data.startswith(_JPEG):
        return _decode_jpeg(data, path)
    if data.startswith(_PNG):
        return _decode_png(data, path, levels)
    image = open_picture(data, path)
    if is_deep(image):
        return _decode_deep(data, path, levels)
    return _convert(image, data, path)


def open_picture(data: bytes, path: str | Path) -> Image.Image:
    """Open the bytes of a picture file with Pillow, which reads the header alone.

    Raises:
        PictureError: not a picture of a format that is read here, a damaged header, or a picture of absurd size.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as error:
        raise PictureError(f'{path}: not a picture (starts with {data[:8]!r})') from error
    except _BROKEN as error:
        raise _damaged(path, data, error) from error
    check_size(path, *image.size)
    return image


def is_deep(image: Image.Image) -> bool:
    """Whether a picture has more than 8 bits a channel, of which Pillow's RGB would keep the highest."""
    tags = getattr(image, 'tag_v2', None)
    try:
        bits = tags.get(_BITS_PER_SAMPLE, (8,)) if tags is not None else (8,)
        return image.mode.startswith(('I', 'F')) or max(bits) > 8
    except (TypeError, ValueError):  # a damaged tag, which the decoder will meet
        return False


def check_size(path: str | Path, width: int, height: int) -> None:
    """Refuse a picture of absurd size.

    Raises:
        PictureError: it has no pixels, or more than :data:`MAX_PIXELS`.
    """
    if not 0 < width * height <= MAX_PIXELS:
        raise PictureError(
            f'{path}: {width} x {height} (w x h) pixels; expected 1 to {MAX_PIXELS:,}, is its header damaged?'
        )


def _decode_jpeg(data: bytes, path: str | Path) -> np.ndarray:
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
        check_size(path, width, height)
        if colours not in ('CMYK', 'YCCK'):
            return simplejpeg.decode_jpeg(data, 'RGB')
        simplejpeg.decode_jpeg(data, 'CMYK')  # whole, then; what the four inks mean, Pillow knows
    except ValueError as error:
        if isinstance(error, PictureError):
            raise
        raise _damaged(path, data, error) from error
    return _convert(open_picture(data, path), data, path)


def _decode_png(data: bytes, path: str | Path, levels: Sequence[float] | None) -> np.ndarray:
    """Decode a PNG, whose parts each carry a checksum; not every version of its decoder minds a wrong one."""
    if not data.startswith(_PNG_FIRST_PART, len(_PNG)):
        raise _damaged(path, data, 'its header is missing')
    start = len(_PNG)
    while True:
        length, kind = struct.unpack_from('>I4s', data, start) if start + 12 <= len(data) else (len(data), b'')
        end = start + 12 + length
        if end > len(data):
            raise _damaged(path, data, 'its end is missing')
        if int.from_bytes(data[end - 4 : end], 'big') != zlib.crc32(memoryview(data)[start + 4 : end - 4]):
            raise _damaged(path, data, f'wrong checksum in its part {kind!r}')
        if kind == b'IEND':
            break
        start = end
    width, height, depth = struct.unpack_from('>IIB', data, _PNG_HEADER)
    check_size(path, width, height)
    if depth > 8:
        return _decode_deep(data, path, levels)
    return _decode_with_opencv(data, path, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)


def _decode_with_opencv(data: bytes, path: str | Path, flags: int) -> np.ndarray:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise _damaged(path, data, error.err) from error
    if image is None:
        raise _damaged(path, data, 'cannot be decoded')
    return image


def _convert(image: Image.Image, data: bytes, path: str | Path) -> np.ndarray:
    try:
        return np.array(image.convert('RGB'))
    except _BROKEN as error:
        raise _damaged(path, data, error) from error


def _decode_deep(data: bytes, path: str | Path, levels: Sequence[float] | None) -> np.ndarray:
    """Decode a picture of more than 8 bits a channel and scale ``levels`` to grey levels 0 to 255."""
    if levels is None:
        raise PictureError(
            f'{path}: more than 8 bits a channel; say which values are black and white (LoadTriplet.levels), or scale '
            'it to 8 bits with the range of your sensor (a blind conversion turns it black)'
        )
    values = _decode_with_opencv(data, path, cv2.IMREAD_UNCHANGED)
    if values.ndim == 2:
        values = np.repeat(values[..., None], 3, axis=2)
    else:
        values = values[..., 2::-1]  # OpenCV's order is blue, green, red, alpha
    low, high = levels
    scaled = (values.astype(np.float32) - low) * (255 / (high - low))
    return np.nan_to_num(scaled).clip(0, 255).round().astype(np.uint8)


def _damaged(path: str | Path, data: bytes, why: object) -> PictureError:
    return PictureError(f'{path}: the picture is truncated or damaged ({why}; {len(data)} bytes)')


class Examined(NamedTuple):
    """What became of one picture file: the digest of its bytes, or why it cannot be used."""

    path: str
    digest: str | None
    reason: str | None


def examine_pictures(
    paths: Collection[str],
    decode: Callable[[bytes, str], object] | None = None,
    progress: Callable[[Iterable, int], Iterable] = lambda items, length: items,
) -> list[Examined]:
    """Read and decode many picture files, only to know whether they can be.

    Args:
        paths: the files.
        decode: decodes the bytes of a file and raises a :class:`PictureError`; without it any depth of grey levels
            will do.
        progress: shows how far the reading is; takes the results and their number.
    """
    decode = decode or (lambda data, path: decode_picture(data, path, levels=(0, 1)))

    def examine(path: str) -> Examined:
        digest = None
        try:
            data = read_file(path)
            digest = hashlib.blake2b(data, digest_size=16).hexdigest()
            decode(data, path)
        except PictureError as error:
            return Examined(path, digest, str(error).removeprefix(f'{path}: '))
        return Examined(path, digest, None)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(progress(pool.map(examine, paths), len(paths)))
