"""Pictures as they are known to the store and as they are sent: keyed by content, bare of metadata, checked, of a sane size."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import stat
import struct
import threading
import warnings
from typing import TYPE_CHECKING

from PIL import Image, UnidentifiedImageError

from next_mm.errors import DataError

if TYPE_CHECKING:
    import numpy as np

__all__ = ['PictureProblem', 'picture_key', 'prepare_picture', 'read_file']

LARGEST_FILE = 64 * 2**20
MOST_PIXELS = 32_000_000
"""A picture of so many takes a few hundred MiB while it is decoded; surveillance cameras give a tenth of that."""
_HEAVY = 4_000_000
_HEAVY_TURN = threading.Lock()
"""Pictures of more pixels than that are decoded one at a time."""

_FORMATS = ('BMP', 'GIF', 'JPEG', 'JPEG2000', 'MPO', 'PNG', 'PPM', 'TIFF', 'WEBP')
"""What is decoded; other decoders of Pillow start programs, or are hardly ever met."""
_PNG = b'\x89PNG\r\n\x1a\n'
_PNG_DEPTH = 24  # byte of the header that holds the bits per channel
_METADATA = frozenset(range(0xE1, 0xEE)) | {0xEF, 0xFE}
"""JPEG segments that may say where, when and with what a picture was taken."""
_GREY_TAILS = (0.5, 99.5)
"""Percentiles of a deep grey picture that become black and white: a radiometric picture uses a small part of its range."""

_UNDECODABLE = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
)
"""What Pillow's decoders raise for a damaged file, each its own."""


class PictureProblem(DataError):
    """A picture that cannot be sent; the text names it and says why."""


def picture_key(data: bytes, panel: int) -> str:
    """Key of a picture: 128 bits of its file's SHA-256, and its place in a side-by-side file."""
    key = hashlib.sha256(data).hexdigest()[:32]
    return key if panel < 0 else f'{key}:{panel}'


def prepare_picture(path: str, panel: int, max_side: int, key: str) -> str:
    """A picture as a data URL: whole, without metadata, at most ``max_side`` pixels on its longer side.

    A JPEG that needs no change is sent as it is; anything else is encoded anew, without loss. More than 8 bits a channel are scaled to 8:
    grey pictures by their own range, colours by the number of bits in use.

    Args:
        path: the file.
        panel: place in a file of three pictures side by side, -1 for a file of its own.
        max_side: pixels.
        key: of the picture that was listed.

    Raises:
        PictureProblem: missing, damaged, no plain file, beyond every sane size, or changed since it was listed.
    """
    data = read_file(path)
    if picture_key(data, panel) != key:
        raise PictureProblem(f'{path}: the file changed while the run was under way')
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)  # we have a limit of our own
            picture = Image.open(io.BytesIO(data), formats=_FORMATS)
            _check_pixels(path, *picture.size)
            if picture.width * picture.height <= _HEAVY:
                return _encode(picture, data, panel, max_side)
            with _HEAVY_TURN:
                return _encode(picture, data, panel, max_side)
    except PictureProblem:
        raise
    except _UNDECODABLE as error:
        raise PictureProblem(f'{path}: not a whole picture ({error})') from error


def _check_pixels(path: str, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise PictureProblem(
            f'{path}: {width} x {height} pixels; more than {MOST_PIXELS / 1e6:g} million are not decoded'
        )


def _encode(picture: Image.Image, data: bytes, panel: int, max_side: int) -> str:
    kind = picture.format
    if kind == 'JPEG' and panel < 0:
        picture.draft('RGB', (2 * max_side, 2 * max_side))  # a large one is decoded at a fraction of its size
    whole = picture.size
    picture.load()
    if kind == 'JPEG' and panel < 0 and max(whole) <= max_side and not _has_metadata(data):
        return _data_url(data, 'jpeg')
    picture = _to_eight_bits(picture, data)
    if panel >= 0:
        width = picture.width // 3
        picture = picture.crop((panel * width, 0, (panel + 1) * width, picture.height))
    picture.thumbnail((max_side, max_side), Image.Resampling.BICUBIC)
    clean = io.BytesIO()
    # a new picture: what the old one carried stays behind
    Image.frombytes('RGB', picture.size, picture.tobytes()).save(clean, 'PNG')
    return _data_url(clean.getvalue(), 'png')


def _to_eight_bits(picture: Image.Image, data: bytes) -> Image.Image:
    if picture.mode.startswith(('I', 'F')):
        import numpy as np

        return Image.fromarray(_stretch(np.asarray(picture))).convert('RGB')
    if data.startswith(_PNG) and data[_PNG_DEPTH] == 16:  # Pillow gives the upper byte alone: nothing, of 12 bits in 16
        return _read_deep_colours(data) or picture.convert('RGB')
    return picture.convert('RGB')


def _stretch(values: np.ndarray) -> np.ndarray:
    """Scale a deep grey picture (H, W) to 8 bits by its own range, values that are no numbers to black."""
    import numpy as np

    values = values.astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, _GREY_TAILS) if finite.size else (0.0, 0.0)
    if high <= low:
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    scaled = np.nan_to_num((values - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0) if high > low else values * 0
    return (255 * np.nan_to_num(scaled).clip(0, 1)).round().astype(np.uint8)


def _read_deep_colours(data: bytes) -> Image.Image | None:
    """A picture of 16 bits a channel, scaled by the bits that it uses (10, 12, 14 or 16)."""
    import cv2
    import numpy as np

    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16:
        return None
    if values.ndim == 2:
        return Image.fromarray(_stretch(values)).convert('RGB')
    values = values[..., 2::-1]  # BGR(A)
    bits = max(8, 2 * -(-int(values.max()).bit_length() // 2))
    return Image.fromarray((values.astype(np.float32) * (255 / (2**bits - 1))).round().astype(np.uint8))


def read_file(path: str) -> bytes:
    """Read a file that may hold a picture.

    Raises:
        PictureProblem: missing, empty, larger than any picture, or no plain file: a pipe would be waited for, a device never ends.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, 'O_NONBLOCK', 0) | getattr(os, 'O_BINARY', 0))
        with open(handle, 'rb') as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PictureProblem(f'{path}: no plain file')
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise PictureProblem(f'{path}: {error.strerror or error}') from error
    except ValueError as error:  # a null byte in the name
        raise PictureProblem(f'{path!r}: {error}') from error
    if not data:
        raise PictureProblem(f'{path}: the file is empty')
    if len(data) > LARGEST_FILE:
        raise PictureProblem(f'{path}: larger than {LARGEST_FILE >> 20} MiB, which no picture is')
    return data


def _data_url(data: bytes, kind: str) -> str:
    return f'data:image/{kind};base64,{base64.b64encode(data).decode()}'


def _has_metadata(data: bytes) -> bool:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _METADATA:
            return True
        if marker == 0xDA:  # the pixels begin
            return False
        at += 2 + int.from_bytes(data[at + 2 : at + 4], 'big')
    return True  # not laid out as expected: better to encode it anew
