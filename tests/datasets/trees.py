"""Tiny datasets on disk, in the layouts of the real ones."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

RGB_FOLDERS = ('RGB', 'NI', 'TI')
VEHICLE_FOLDERS = ('vis', 'ni', 'th')


def write_picture(path: Path, *, size: tuple[int, int] = (32, 16), seed: int | None = None) -> Path:
    """Write a smooth random picture of ``size`` (height, width); the default seed comes from the path's last parts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = zlib.crc32('/'.join(path.parts[-3:]).encode()) if seed is None else seed
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), cv2.GaussianBlur(noise, (0, 0), 2))
    return path


def write_triplets(
    folder: Path, names: Iterable[str], *, folders: Sequence[str] = RGB_FOLDERS, size: tuple[int, int] = (32, 16)
) -> None:
    """Write the three pictures of each name into ``folder/{modality}/name``."""
    for name in names:
        for modality in folders:
            write_picture(folder / modality / name, size=size)


def write_captions(folder: Path, split: str, names: Iterable[str], *, modalities: Sequence[str] = RGB_FOLDERS) -> None:
    """Write one caption of three sentences for each name and modality."""
    folder.mkdir(parents=True, exist_ok=True)
    for modality in modalities:
        entries = [
            {'item': name, 'description': f'A person seen in {modality}. The coat of {name} is red. There is a bag.'}
            for name in names
        ]
        (folder / f'{split}_{modality}.json').write_text(json.dumps(entries), encoding='utf-8')


def person_names(identities: Iterable[int], per_identity: int = 4) -> list[str]:
    """Names in RGBNT201's manner, over four cameras."""
    return [
        f'{identity:06d}_cam{number % 4 + 1}_{number // 4}_{number:02d}.jpg'
        for identity in identities
        for number in range(per_identity)
    ]


def make_rgbnt201(
    root: Path,
    *,
    train: Iterable[int] = (7, 30, 31),
    test: Iterable[int] = (40, 41),
    per_identity: int = 4,
    size: tuple[int, int] = (32, 16),
) -> Path:
    """Write a small RGBNT201 with captions; returns its folder."""
    for split, folder, identities in (('train', 'train_171', train), ('test', 'test', test)):
        names = person_names(identities, per_identity)
        write_triplets(root / folder, names, size=size)
        write_captions(root / 'text', split, names)
    return root


def make_market(root: Path) -> Path:
    """Write a small Market-MM: two identities a split, a junk picture and a distractor in the gallery."""
    names = {
        'train': [
            '0002_c1s1_000451_03.jpg',
            '0002_c2s1_000452_01.jpg',
            '0007_c1s1_000453_01.jpg',
            '0007_c3s2_000001_01.jpg',
        ],
        'query': ['0001_c1s1_001051_00.jpg', '0003_c2s3_000004_00.jpg'],
        'gallery': [
            '-1_c1s1_000401_03.jpg',
            '0000_c1s1_000151_01.jpg',
            '0001_c2s1_001051_01.jpg',
            '0003_c1s3_000005_00.jpg',
        ],
    }
    for part, found in names.items():
        write_triplets(root / part, found)
    return root


def make_vehicles(root: Path, parts: dict[str, list[str]]) -> Path:
    """Write vehicles by identity: part to names, the identity before the first underscore."""
    for part, names in parts.items():
        for name in names:
            write_triplets(root / part / name.split('_')[0], [name], folders=VEHICLE_FOLDERS)
    return root


def make_msvr310(root: Path) -> Path:
    """Write a small MSVR310 whose query is a part of the gallery."""
    gallery = ['0038_s000_v1_000.jpg', '0038_s014_v7_003.jpg', '0041_s000_v2_000.jpg', '0041_s001_v2_000.jpg']
    return make_vehicles(
        root,
        {
            'bounding_box_train': ['0001_s000_v0_000.jpg', '0001_s001_v3_000.jpg', '0005_s000_v0_000.jpg'],
            'query3': gallery[1:3],
            'bounding_box_test': gallery,
        },
    )


def make_wmveid863(root: Path) -> Path:
    """Write a small WMVEID863."""
    return make_vehicles(
        root,
        {
            'train': ['0001_v2_n0_s000_000.jpg', '0003_v2_n9_s000_022.jpg'],
            'query': ['0258_v2_n9_s000_022.jpg'],
            'test': ['0258_v3_n0_s000_001.jpg', '0300_v1_n0_s000_000.jpg'],
        },
    )


def make_rgbnt100(root: Path) -> Path:
    """Write a small RGBNT100: three pictures in a file."""
    parts = {
        'bounding_box_train': ['0001_c0001_000.jpg', '0001_c0002_000.jpg', '0002_c0001_000.jpg'],
        'query': ['0561_c0001_006.jpg'],
        'bounding_box_test': ['0561_c0001_006.jpg', '0561_c0004_000.jpg', '0562_c0001_000.jpg'],
    }
    for part, names in parts.items():
        for name in names:
            write_picture(root / 'rgbir' / part / name, size=(16, 96), seed=int(name[:4]) + int(name[6:10]))
    return root


def read_items(path: Path) -> list[str]:
    """Picture names of a caption file."""
    return [entry['item'] for entry in json.loads(path.read_text(encoding='utf-8'))]


def touch_pictures(part: Path, names: Iterable[str], folders: Sequence[str], *, by_identity: bool) -> None:
    """Make empty files of these names in the folders of the modalities, or in such folders of each identity."""
    made: set[str] = set()
    for name in names:
        for folder in folders:
            parent = os.path.join(part, name.split('_')[0], folder) if by_identity else os.path.join(part, folder)
            if parent not in made:
                os.makedirs(parent)
                made.add(parent)
            os.close(os.open(os.path.join(parent, name), os.O_CREAT))
