"""Tiny datasets on disk, in the layouts of the real ones."""
from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

RGB_FOLDERS = ('RGB', 'NI', 'TI')
VEHICLE_FOLDERS = ('vis', 'ni', 'th')


def write_picture(path: Path, *, size: tuple[int, int] = (32, 16), seed: int | None = None) -> Path:
    """Write a smooth random picture of ``size`` (height, width); the default seed comes from the path's last parts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = sum(map(ord, '/'.join(path.parts[-3:]))) if seed is None else seed
    noise = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert cv2.imwrite(str(path), cv2.GaussianBlur(noise, (0, 0), 2))
    return path


def write_triplets(
        folder: Path, names: Iterable[str], *, folders: Sequence[str] = RGB_FOLDERS, size: tuple[int, int] = (32, 16)) -> None:
    """Write the three pictures of each name into ``folder/{modality}/name``."""
    for name in names:
        for modality in folders:
            write_picture(folder / modality / name, size=size)


def write_captions(folder: Path, split: str, names: Iterable[str], *, modalities: Sequence[str] = RGB_FOLDERS) -> None:
    """Write one caption of three sentences for each name and modality."""
    folder.mkdir(parents=True, exist_ok=True)
    for modality in modalities:
        entries = [{'item': name, 'description': f'A person seen in {modality}. The coat of {name} is red. There is a bag.'}
                   for name in names]
        (folder / f'{split}_{modality}.json').write_text(json.dumps(entries), encoding='utf-8')


def person_names(identities: Iterable[int], per_identity: int = 4) -> list[str]:
    """Names in RGBNT201's manner, over four cameras."""
    return [f'{identity:06d}_cam{number % 4 + 1}_{number // 4}_{number:02d}.jpg'
            for identity in identities for number in range(per_identity)]


def make_rgbnt201(root: Path, *, train: Iterable[int] = (7, 30, 31), test: Iterable[int] = (40, 41), per_identity: int = 4,
                  size: tuple[int, int] = (32, 16)) -> Path:
    """Write a small RGBNT201 with captions; returns its folder."""
    for split, folder, identities in (('train', 'train_171', train), ('test', 'test', test)):
        names = person_names(identities, per_identity)
        write_triplets(root / folder, names, size=size)
        write_captions(root / 'text', split, names)
    return root
