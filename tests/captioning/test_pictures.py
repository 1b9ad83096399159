"""Pictures as they are sent."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image

from next_mm.captioning.pictures import picture_key, prepare_picture
from next_mm.utils.pictures import PictureError


def test_pictures_are_sent_whole_small_and_without_metadata(tmp_path: Path):
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
