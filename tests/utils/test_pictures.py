"""Picture files of all kinds: what is read is right, whatever is wrong is a PictureError that names the file."""

from __future__ import annotations

import io
import os
import socket
import struct
import time
import zlib
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from next_mm.utils.pictures import (
    MAX_BYTES,
    PictureError,
    decode_picture,
    examine_pictures,
    read_file,
    read_picture,
)

SMOOTH = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8), (0, 0), 2)


def encode(kind: str, image: np.ndarray = SMOOTH, mode: str | None = None, **options: object) -> bytes:
    picture = Image.fromarray(image)
    buffer = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(buffer, kind, **options)
    return buffer.getvalue()


def by_pillow(data: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(data)).convert('RGB'))


KINDS = {
    'jpeg': encode('JPEG', quality=90),
    'progressive': encode('JPEG', progressive=True),
    'restarts': encode('JPEG', restart_marker_blocks=4),
    'grey jpeg': encode('JPEG', mode='L'),
    'cmyk': encode('JPEG', mode='CMYK'),
    'png': encode('PNG'),
    'palette png': encode('PNG', mode='P'),
    'png with alpha': encode('PNG', mode='RGBA'),
    'png of one bit': encode('PNG', mode='1'),
    'bmp': encode('BMP'),
    'tiff': encode('TIFF'),
    'lzw tiff': encode('TIFF', compression='tiff_lzw'),
    'webp': encode('WEBP'),
    'gif': encode('GIF'),
}


@pytest.mark.parametrize('kind', KINDS)
def test_equals_pillow(kind: str) -> None:
    np.testing.assert_array_equal(decode_picture(KINDS[kind], 'x'), by_pillow(KINDS[kind]))


# files
def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / 'pipe.jpg')
    (tmp_path / 'folder.jpg').mkdir()
    (tmp_path / 'zero.jpg').symlink_to('/dev/zero')
    (tmp_path / 'loop.jpg').symlink_to('loop.jpg')
    (tmp_path / 'gone.jpg').symlink_to('nowhere.jpg')
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / 'socket.jpg'))
        start = time.monotonic()
        for name in ('pipe', 'folder', 'zero', 'loop', 'gone', 'socket', 'missing', 'nul\0'):
            with pytest.raises(PictureError, match=rf'{name.strip(chr(0))}.*\.jpg: '):
                read_picture(tmp_path / f'{name}.jpg')
    assert time.monotonic() - start < 5
    assert read_file(__file__).startswith(b'"""')


def test_a_file_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / 'large.jpg'
    with path.open('wb') as file:
        file.write(KINDS['jpeg'])
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(PictureError, match=r'large.jpg: 268,435,457 bytes; at most 268,435,456 are read'):
        read_picture(path)


# headers
def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png_bomb(side: int) -> bytes:
    header = struct.pack('>IIBBBBB', side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(side * (side // 8 + 1)))
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', pixels) + chunk(b'IEND', b'')


def gif_bomb(side: int) -> bytes:
    screen = struct.pack('<HHBBB', side, side, 0x80, 0, 0) + b'\0\0\0\xff\xff\xff'
    return b'GIF89a' + screen + b',' + struct.pack('<HHHHB', 0, 0, side, side, 0) + b'\x02\x02\x44\x01\0;'


def patched(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


BOMBS = {
    'png': png_bomb(20_000),
    'gif': gif_bomb(65_000),
    'bmp': patched(KINDS['bmp'], 18, struct.pack('<ii', 0x7FFF0030, 64)),
    'tall bmp': patched(KINDS['bmp'], 18, struct.pack('<ii', 30_000, 30_000)),
    'jpeg': patched(KINDS['jpeg'], KINDS['jpeg'].index(b'\xff\xc0') + 5, struct.pack('>HH', 65_000, 65_000)),
    'webp': patched(encode('WEBP', lossless=True), 21, struct.pack('<I', 0x3FFF | (0x3FFF << 14))),
}


@pytest.mark.parametrize('kind', BOMBS)
def test_pictures_of_absurd_size_are_refused_before_they_are_decoded(kind: str) -> None:
    start = time.monotonic()
    with pytest.raises(PictureError, match='bomb.jpg: '):
        decode_picture(BOMBS[kind], 'bomb.jpg')
    assert time.monotonic() - start < 1


def test_no_other_programs_are_started_for_a_picture() -> None:
    for data in (b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n', b'not a picture', b'P6 1 1 255\nabc'):
        with pytest.raises(PictureError, match='x.jpg: not a picture'):
            decode_picture(data, 'x.jpg')


# lost data
def losses(data: bytes, start: int) -> dict[str, bytes]:
    """The same file without some of its data, its end in place."""
    half, third = start + (len(data) - start) // 2, start + (len(data) - start) // 3
    return {
        'second half': data[:half] + data[-2:],
        'second half zeros': data[:half] + bytes(len(data) - half - 2) + data[-2:],
        'middle': data[:third] + data[half:],
        'first third': data[:start] + data[third:],
        'last 80 bytes': data[:-82] + data[-2:],
        'end': data[:-200],
    }


@pytest.mark.parametrize('kind', ['jpeg', 'progressive', 'restarts', 'grey jpeg', 'cmyk'])
def test_a_jpeg_that_lost_a_part_is_refused(kind: str) -> None:
    data = KINDS[kind]
    assert decode_picture(data + b'added by the camera', 'x.jpg').shape == (64, 48, 3)
    for name, damaged in losses(data, data.index(b'\xff\xda') + 16).items():
        with pytest.raises(
            PictureError, match=rf'x.jpg: the picture is truncated or damaged \(.*; {len(damaged)} bytes'
        ):
            pytest.fail(f'{kind} without {name} was read as {decode_picture(damaged, "x.jpg").shape}')


@pytest.mark.parametrize('kind', ['png', 'palette png', 'png with alpha', 'png of one bit'])
def test_every_flipped_bit_of_a_png_is_noticed(kind: str) -> None:
    data = bytearray(KINDS[kind])
    for position in np.random.default_rng(1).integers(8, len(data), 60):
        data[position] ^= 1 << int(position % 8)
        with pytest.raises(PictureError, match='x.png: '):
            decode_picture(bytes(data), 'x.png')
        data[position] ^= 1 << int(position % 8)


# more than eight bits
DEEP = np.random.default_rng(2).integers(0, 4096, (8, 6, 3)).astype(np.uint16)
DEEP_FILES = {
    'colour.png': (cv2.imencode('.png', DEEP[..., ::-1])[1].tobytes(), DEEP),
    'grey.png': (cv2.imencode('.png', DEEP[..., 0])[1].tobytes(), DEEP[..., :1]),
    'colour.tif': (cv2.imencode('.tif', DEEP[..., ::-1])[1].tobytes(), DEEP),
    'grey.tif': (cv2.imencode('.tif', DEEP[..., 0])[1].tobytes(), DEEP[..., :1]),
    'float.tif': (cv2.imencode('.tif', DEEP[..., 0].astype(np.float32))[1].tobytes(), DEEP[..., :1]),
    'alpha.png': (cv2.imencode('.png', np.dstack([DEEP[..., ::-1], DEEP[..., 0]]))[1].tobytes(), DEEP),
}


@pytest.mark.parametrize('name', DEEP_FILES)
def test_more_than_eight_bits_are_refused_or_scaled_by_given_levels(name: str) -> None:
    data, values = DEEP_FILES[name]
    with pytest.raises(PictureError, match=rf'{name}: more than 8 bits a channel; .*LoadTriplet.levels'):
        decode_picture(data, name)
    expected = np.clip(np.round((values.astype(np.float64) - 1000) / 2000 * 255), 0, 255)
    scaled = decode_picture(data, name, levels=(1000, 3000))
    np.testing.assert_array_equal(scaled, np.broadcast_to(expected, (8, 6, 3)))
    assert scaled.dtype == np.uint8


def test_levels_leave_pictures_of_eight_bits_alone() -> None:
    np.testing.assert_array_equal(decode_picture(KINDS['png'], 'x', levels=(1000, 3000)), by_pillow(KINDS['png']))


# whatever comes
def mutate(data: bytes, generator: np.random.Generator) -> tuple[str, bytes]:
    """Damage a file in one of six ways."""
    changed = bytearray(data)
    at = int(generator.integers(len(data)))
    length = int(generator.integers(32, 256))
    way = ('header bits', 'bytes', 'cut', 'removed', 'zeroed', 'inserted')[generator.integers(6)]
    if way == 'header bits':
        for _ in range(generator.integers(1, 4)):
            changed[generator.integers(min(len(data), 64))] ^= 1 << int(generator.integers(8))
    elif way == 'bytes':
        for _ in range(generator.integers(1, 4)):
            changed[generator.integers(len(data))] = int(generator.integers(256))
    elif way == 'cut':
        del changed[max(1, at) :]
    elif way == 'removed':
        del changed[at : at + length]
    elif way == 'zeroed':
        changed[at : at + length] = bytes(len(changed[at : at + length]))
    else:
        changed[at:at] = generator.bytes(length)
    return way, bytes(changed)


CHECKED = {name for name in KINDS if 'png' in name}
"""Formats whose checksums make any change show. A JPEG has none: it shows what is lost, not every bit that flips."""


@pytest.mark.filterwarnings('ignore::UserWarning')  # Pillow's, of damaged headers
def test_four_hundred_mutated_pictures() -> None:
    generator = np.random.default_rng(3)
    deep = {name: data for name, (data, _) in DEEP_FILES.items()}
    names = [*KINDS, *deep]
    ends: Counter[str] = Counter()
    for number in range(400):
        name = names[number % len(names)]
        data = KINDS.get(name) or deep[name]
        levels = (0, 4095) if name in deep else None
        way, changed = mutate(data, generator)
        start = time.monotonic()
        try:
            image = decode_picture(changed, f'{name}.x', levels=levels)
        except PictureError as error:
            ends['refused' if str(error).startswith(f'{name}.x: ') else 'refused without a name'] += 1
        else:
            same = np.array_equal(image, decode_picture(data, name, levels=levels))
            ends['same' if same else 'other'] += 1
            assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
            assert same or not (name in CHECKED or name.endswith('.png')), (name, way)
            lost = way in ('cut', 'removed', 'zeroed') and 'jpeg' in name
            assert same or not lost, (name, way)
        assert time.monotonic() - start < 2
    assert ends['refused'] > 250 and not ends['refused without a name'] and sum(ends.values()) == 400


def test_many_files_are_examined_and_told_apart(tmp_path: Path) -> None:
    for name, data in (
        ('a', KINDS['jpeg']),
        ('b', KINDS['jpeg']),
        ('c', KINDS['jpeg'][:-200]),
        ('d', DEEP_FILES['grey.png'][0]),
    ):
        (tmp_path / f'{name}.jpg').write_bytes(data)
    paths = [str(tmp_path / f'{name}.jpg') for name in 'abcde']
    found = {Path(picture.path).stem: picture for picture in examine_pictures(paths)}
    assert [name for name, picture in found.items() if picture.reason is None] == ['a', 'b', 'd']
    assert found['a'].digest == found['b'].digest != found['c'].digest is not None and found['e'].digest is None
    assert found['e'].reason == 'No such file or directory'
