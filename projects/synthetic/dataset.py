"""Write the synthetic dataset: rendered triplets in RGBNT201's layout, captions in the released
format, and the truth."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from next_mm.captions import caption_path, write_captions
from next_mm.layouts import RGBNT201
from next_mm.triplet import MODALITIES
from projects.synthetic.captions import true_attributes
from projects.synthetic.render import render_triplet
from projects.synthetic.triplets import SyntheticTriplet, list_triplets

FOLDERS = RGBNT201.parts
ATTRIBUTES_FILE = 'attributes.json'


def write_dataset(root: Path, *, train_identities: int, test_identities: int, triplets: int, seed: int) -> None:
    """Render and write train and test triplets, their captions, and ``attributes.json``.

    Args:
        root: a folder that takes ``train_171/``, ``test/``, ``text/`` and ``attributes.json``.
        train_identities, test_identities: number of people.
        triplets: triplets of each person.
        seed: of everything drawn.
    """
    (root / 'text').mkdir(parents=True)
    truth = {}
    for split, identities in (('train', train_identities), ('test', test_identities)):
        for folder in RGBNT201.folders:
            (root / FOLDERS[split] / folder).mkdir(parents=True)
        listed = list(list_triplets(split, identities=identities, triplets=triplets, seed=seed))
        for triplet in track(listed, f'Rendering {len(listed)} synthetic {split} triplets of {identities} people'):
            for picture, folder in zip(render_triplet(triplet.person, triplet.environment), RGBNT201.folders):
                write_jpeg(root / FOLDERS[split] / folder / triplet.name, picture)
        _write_captions(root / 'text', split, listed)
        truth[split] = {triplet.name: true_attributes(triplet.person, triplet.environment) for triplet in listed}
    _write_json(root / ATTRIBUTES_FILE, {'synthetic': True, 'schema': 'person', 'splits': truth})


def read_attributes(root: str | Path, split: str) -> dict[str, dict[str, dict[str, str]]]:
    """Read the true attributes of the synthetic data's triplets.

    Args:
        root: the synthetic dataset, such as ``data/synthetic/RGBNT201``.
        split: 'train' or 'test'.

    Returns:
        file name to modality ('rgb', 'nir', 'tir') to attribute to value, in the words of captioning's person schema.
    """
    return json.loads((Path(root) / ATTRIBUTES_FILE).read_text(encoding='utf-8'))['splits'][split]


def write_jpeg(path: Path, picture: np.ndarray, quality: int = 95) -> None:
    """Write an (H, W, 3) RGB picture.

    Raises:
        OSError: the file could not be written.
    """
    done, data = cv2.imencode('.jpg', np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise OSError(f'{path}: a picture of shape {picture.shape} could not be encoded as JPEG')
    path.write_bytes(data.tobytes())


def _write_captions(folder: Path, split: str, triplets: list[SyntheticTriplet]) -> None:
    for modality in MODALITIES:
        captions = ((triplet.name, triplet.captions[modality]) for triplet in triplets)
        write_captions(caption_path(folder, split, modality), captions)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1), encoding='utf-8')
