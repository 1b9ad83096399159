"""Read one picture, or say what is wrong with it."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from next_mm.errors import DataError

_JPEG, _PNG = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'
_PNG_DEPTH = 24  # byte of the header that holds the bits per channel


class PictureError(DataError):
    """A picture file that cannot be used; the text names it and says why."""


def read_picture(path: str | Path) -> np.ndarray:
    """Decode a picture file to RGB; a damaged file is an error, never half a picture.

    Some decoders fill the lost part of a truncated JPEG with grey. So the end mark is looked for, and a file without it (some cameras
    add bytes behind it) is handed to Pillow, which tells a truncated picture from one with a tail.

    Args:
        path: the file.

    Returns:
        (H, W, 3) uint8 in RGB order.

    Raises:
        PictureError: missing, empty, truncated or unreadable file, or more than 8 bits a channel.
    """
    try:
        with open(path, 'rb') as file:
            data = file.read()
    except OSError as error:
        raise PictureError(f'{path}: {error.strerror or error}') from error
    if not data:
        raise PictureError(f'{path}: the picture file is empty (zero bytes)')
    if data.startswith(_PNG) and len(data) > _PNG_DEPTH and data[_PNG_DEPTH] == 16:
        raise PictureError(_too_deep(path))
    if (data.startswith(_JPEG) and data[-2:] == b'\xff\xd9') or (data.startswith(_PNG) and data[-8:-4] == b'IEND'):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            raise PictureError(f'{path}: the picture is truncated or damaged (cannot be decoded; {len(data)} bytes)')
        return image
    return _read_with_pillow(path, data)


def _read_with_pillow(path: str | Path, data: bytes) -> np.ndarray:
    try:
        image = Image.open(io.BytesIO(data))
        if image.mode.startswith(('I', 'F')):
            raise PictureError(_too_deep(path))
        return np.array(image.convert('RGB'))
    except UnidentifiedImageError as error:
        raise PictureError(f'{path}: not a picture (starts with {data[:8]!r})') from error
    except (OSError, SyntaxError) as error:  # Pillow's words for a truncated and for a broken file
        raise PictureError(f'{path}: the picture is truncated or damaged ({error}; {len(data)} bytes)') from error


def _too_deep(path: str | Path) -> str:
    return f'{path}: more than 8 bits a channel; scale it to 8 bits with the range of your sensor (a blind conversion turns it black)'
