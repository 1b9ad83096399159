"""Entries as cards in HTML: three pictures side by side, a score and a verdict, and what was compared."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from datetime import datetime, timezone
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from next_mm.errors import DataError
from next_mm.gallery import Comparison, Entry, Hit
from next_mm.triplet import MODALITIES, MODALITY_TABLE, NUM_MODALITIES
from next_mm.utils.pictures import read_picture

__all__ = ['compared_by', 'entry_card', 'hit_card', 'load_entry', 'query_card']

Pictures = Sequence[np.ndarray | None]
MAX_SIDE = 384
"""Pixels of a shown picture's longer side: sharp on a phone, and ten cards stay below a megabyte."""
VERDICTS = {'same': 'same', 'different': 'different', 'unsure': 'unsure'}


def load_entry(entry: Entry, root: Path) -> list[np.ndarray | None]:
    """Return the pictures of an entry, ``None`` where there is none to show.

    Only files inside ``root`` are read: a gallery may come from a stranger.

    Args:
        entry: the entry.
        root: folder of the pictures.
    """
    images: list[np.ndarray | None] = []
    for file in entry.files():
        path = None if file is None else _find_inside(root, file)
        try:
            images.append(None if path is None else read_picture(path))
        except DataError:
            images.append(None)  # damaged: the card says so
    if len(images) == 1 and images[0] is not None and images[0].shape[1] % NUM_MODALITIES == 0:
        return list(np.split(images[0], NUM_MODALITIES, axis=1))
    return (images + [None] * NUM_MODALITIES)[:NUM_MODALITIES]


def _find_inside(root: Path, file: str) -> Path | None:
    """Return a picture file inside ``root``; a relative path begins there or in the current folder."""
    for path in ((root / file).resolve(), Path(file).resolve()):
        if path.is_relative_to(root.resolve()) and path.is_file():
            return path
    return None


def hit_card(hit: Hit, images: Pictures, place: int) -> str:
    """Return a hit as a card: rank, score and verdict, the pictures, the facts, and what was compared.

    Args:
        hit: the hit.
        images: three (H, W, 3) uint8 pictures, ``None`` for what cannot be shown.
        place: which card of the page it is; its button gives that number.
    """
    verdict = f'<span class="verdict {hit.verdict}">{VERDICTS[hit.verdict]}</span>' if hit.verdict else ''
    head = f'<header><b>{hit.rank}</b>{verdict}<span class="score">score {hit.score:.3f}</span></header>'
    compared = f'<p class="compared">compared by {compared_by(hit.compared)}</p>'
    return _card(head + _pictures(images, hit.entry.parts) + _facts(hit.entry) + compared, place)


def entry_card(entry: Entry, images: Pictures, place: int) -> str:
    """Return an entry that nobody has searched yet as a card; arguments as for :func:`hit_card`."""
    return _card(_pictures(images, entry.parts) + _facts(entry), place)


def query_card(title: str, images: Pictures, parts: Sequence[str]) -> str:
    """Return what is searched with as a card without a button.

    Args:
        title: what to call it.
        images: its pictures.
        parts: its modalities.
    """
    return f'<article class="card query"><header>{escape(title)}</header>{_pictures(images, parts)}</article>'


def compared_by(compared: Comparison) -> str:
    """Say what was compared, such as ``RGB + TIR + caption``."""
    labels = [modality.label for modality in MODALITY_TABLE if modality.key in compared.parts]
    return ' + '.join([*labels, *(['caption'] if compared.text else [])])


def _card(body: str, place: int) -> str:
    return f'<article class="card">{body}<button data-place="{place}">Search with this one</button></article>'


def _facts(entry: Entry) -> str:
    facts = {
        'identity': entry.identity,
        'camera': entry.camera,
        'time': None
        if entry.time is None
        else datetime.fromtimestamp(entry.time, timezone.utc).strftime('%Y-%m-%d %H:%M'),
    }
    shown = [f'<dt>{name}</dt><dd>{escape(value)}</dd>' for name, value in facts.items() if value is not None]
    return f'<dl>{"".join(shown)}</dl><p class="name">{escape(entry.id)}</p>'


def _pictures(images: Pictures, parts: Sequence[str]) -> str:
    figures = []
    for modality, key, image in zip(MODALITY_TABLE, MODALITIES, images):
        if image is None:
            shown = f'<div class="absent">{"no file" if key in parts else "absent"}</div>'
        else:
            shown = f'<img src="{_data_uri(image)}" alt="{modality.label} picture">'
        figures.append(f'<figure>{shown}<figcaption>{modality.label}</figcaption></figure>')
    return f'<div class="pictures">{"".join(figures)}</div>'


def _data_uri(image: np.ndarray) -> str:
    """Return a picture as part of the page: no file has to be served."""
    picture = Image.fromarray(image)
    picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, 'JPEG', quality=85)
    return f'data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}'
