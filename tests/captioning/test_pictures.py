"""Pictures as they are sent."""

from __future__ import annotations

import base64
import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from next_mm.captioning.pictures import picture_key, prepare_picture
from next_mm.utils.pictures import PictureError


def test_pictures_are_sent_whole_small_and_without_metadata(tmp_path: Path) -> None:
    path = tmp_path / 'a.jpg'
    picture = Image.radial_gradient('L').convert('RGB').resize((90, 30))
    picture.save(path)
    data = path.read_bytes()
    assert decode(prepare_picture(str(path), -1, 100, picture_key(data, -1))) == data  # nothing to change: as it is
    exif = Image.Exif()
    exif[0x010E] = 'taken at home'
    picture.save(path, exif=exif)
    sent = decode(prepare_picture(str(path), -1, 100, picture_key(path.read_bytes(), -1)))
    assert b'taken at home' in path.read_bytes() and b'taken at home' not in sent
    path.write_bytes(data + b'taken at home')
    assert b'home' not in decode(prepare_picture(str(path), -1, 100, picture_key(path.read_bytes(), -1)))
    picture.save(path, exif=exif)
    panel = Image.open(io.BytesIO(decode(prepare_picture(str(path), 1, 100, picture_key(path.read_bytes(), 1)))))
    assert panel.size == (30, 30) and panel.tobytes() == Image.open(path).crop((30, 0, 60, 30)).tobytes()
    assert Image.open(
        io.BytesIO(decode(prepare_picture(str(path), -1, 45, picture_key(path.read_bytes(), -1))))
    ).size == (45, 15)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(PictureError, match='truncated or damaged'):
        prepare_picture(str(path), -1, 100, picture_key(path.read_bytes(), -1))
    with pytest.raises(PictureError, match='changed'):
        prepare_picture(str(path), -1, 100, 'other')


def decode(url: str) -> bytes:
    return base64.b64decode(url.partition('base64,')[2])


def send(path: Path, panel: int = -1) -> Image.Image:
    """A picture as it arrives."""
    url = prepare_picture(str(path), panel, 768, picture_key(path.read_bytes(), panel))
    return Image.open(io.BytesIO(decode(url)))


RAMP = np.add.outer(np.arange(64), np.arange(32))  # 0 to 94


@pytest.mark.parametrize(
    ('name', 'values'),
    [
        ('radiometric.png', (7000 + 30 * RAMP).astype(np.uint16)),
        ('radiometric.tif', (7000 + 30 * RAMP).astype(np.uint16)),
        ('degrees.tif', (20 + RAMP / 10).astype(np.float32)),
    ],
)
def test_a_deep_grey_picture_is_scaled_by_its_own_range(tmp_path: Path, name: str, values: np.ndarray) -> None:
    cv2.imwrite(str(tmp_path / name), values)
    sent = np.asarray(send(tmp_path / name))
    assert sent.shape == (64, 32, 3) and (sent.min(), sent.max()) == (0, 255)
    expected = 255 * (RAMP - 6) / (88 - 6)  # about: 0.5 % of the pixels lie at and beyond either end
    assert np.abs(sent[..., 0] - expected.clip(0, 255)).max() < 8


@pytest.mark.parametrize('bits', [10, 12, 16])
def test_deep_colours_are_scaled_by_the_bits_in_use(tmp_path: Path, bits: int) -> None:
    eight = np.stack([RAMP * 2, RAMP, 255 - RAMP * 2], -1)  # red, green, blue
    deep = (eight * ((2**bits - 1) / 255)).round().astype(np.uint16)
    cv2.imwrite(str(tmp_path / 'a.png'), deep[..., ::-1])
    assert np.abs(np.asarray(send(tmp_path / 'a.png')).astype(int) - eight).max() <= 1


def test_deep_pictures_of_one_value_and_of_none(tmp_path: Path) -> None:
    values = np.full((8, 8), np.nan, np.float32)
    cv2.imwrite(str(tmp_path / 'none.tif'), values)
    cv2.imwrite(str(tmp_path / 'one.png'), np.full((8, 8), 5, np.uint16))
    values[0] = 20, 21, 22, 23, 24, 25, 26, np.inf
    cv2.imwrite(str(tmp_path / 'some.tif'), values)
    assert np.asarray(send(tmp_path / 'none.tif')).max() == np.asarray(send(tmp_path / 'one.png')).max() == 0
    assert (np.diff(np.asarray(send(tmp_path / 'some.tif'))[0, :, 0].astype(int)) >= 0).all()


def huge_png(path: Path) -> None:
    """A file of some hundred bytes that says that it has 50,000 x 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    header = struct.pack('>IIBBBBB', 50_000, 50_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', pixels) + chunk(b'IEND', b''))


def test_what_is_no_picture_of_a_sane_size_is_refused(tmp_path: Path) -> None:
    huge_png(tmp_path / 'huge.png')
    (tmp_path / 'program.jpg').write_text('%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n')
    Image.new('RGB', (2, 30)).save(tmp_path / 'narrow.png')
    Image.new('L', (4000, 2100)).save(tmp_path / 'large.png')
    cv2.imwrite(str(tmp_path / 'deep.png'), np.zeros((4000, 2100), np.uint16))
    for name, text in (
        ('huge.png', '50000 x 50000|exceeds limit'),
        ('program.jpg', 'not a picture'),
        ('narrow.png', 'too narrow'),
        ('deep.png', 'more than 8 million are not sent'),
    ):
        with pytest.raises(PictureError, match=text):
            send(tmp_path / name, 2 if name == 'narrow.png' else -1)
    assert send(tmp_path / 'large.png').size == (768, 403)
    os.mkfifo(tmp_path / 'pipe.jpg')
    for path in (tmp_path / 'pipe.jpg', tmp_path, Path('/dev/zero'), tmp_path / 'nothing.jpg'):
        with pytest.raises(PictureError):
            prepare_picture(str(path), -1, 768, 'key')
