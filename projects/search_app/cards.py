"""A hit as a card: its pictures side by side, and a line that a person can read."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from next_mm.errors import DataError
from next_mm.gallery import Entry, Hit
from next_mm.triplet import MODALITIES, MODALITY_TABLE, NUM_MODALITIES
from next_mm.utils.pictures import read_picture

__all__ = ['card_picture', 'describe', 'load_entry']

HEIGHT, WIDTH, GAP, LABEL = 192, 128, 6, 22
BACKGROUND, ABSENT, TEXT = (255, 255, 255), (235, 237, 240), (90, 96, 105)
VERDICTS = {'same': 'same', 'different': 'different', 'unsure': 'unsure', None: ''}


def load_entry(entry: Entry, root: Path) -> list[np.ndarray | None]:
    """Return the pictures of an entry, ``None`` where there is none to show.

    Only files inside ``root`` are read: a gallery may come from a stranger.

    Args:
        entry: the entry.
        root: folder of the pictures.
    """
    images: list[np.ndarray | None] = []
    for file in entry.files():
        image = None
        if file is not None:
            path = (root / file).resolve()
            if path.is_relative_to(root.resolve()):
                try:
                    image = read_picture(path)
                except DataError:
                    image = None  # gone, or damaged: the card says so
        images.append(image)
    if len(images) == 1 and images[0] is not None and images[0].shape[1] % NUM_MODALITIES == 0:
        return list(np.split(images[0], NUM_MODALITIES, axis=1))
    return (images + [None] * NUM_MODALITIES)[:NUM_MODALITIES]


def card_picture(images: list[np.ndarray | None], parts: tuple[str, ...]) -> Image.Image:
    """Return the three pictures side by side, never stretched; what is absent is said.

    Args:
        images: (H, W, 3) uint8 pictures.
        parts: the modalities that the entry has.
    """
    card = Image.new('RGB', (NUM_MODALITIES * (WIDTH + GAP) - GAP, HEIGHT + LABEL), BACKGROUND)
    draw = ImageDraw.Draw(card)
    font = ImageFont.load_default(size=14)
    for place, (modality, image) in enumerate(zip(MODALITY_TABLE, images)):
        left = place * (WIDTH + GAP)
        draw.text((left + WIDTH / 2, HEIGHT + LABEL / 2), modality.label, TEXT, font, 'mm')
        if image is None:
            draw.rectangle((left, 0, left + WIDTH - 1, HEIGHT - 1), ABSENT)
            why = 'absent' if MODALITIES[place] not in parts else 'no file'
            draw.text((left + WIDTH / 2, HEIGHT / 2), why, TEXT, font, 'mm')
            continue
        picture = Image.fromarray(image)
        scale = min(WIDTH / picture.width, HEIGHT / picture.height)
        size = (max(round(picture.width * scale), 1), max(round(picture.height * scale), 1))
        card.paste(
            picture.resize(size, Image.Resampling.LANCZOS), (left + (WIDTH - size[0]) // 2, (HEIGHT - size[1]) // 2)
        )
    return card


def describe(hit: Hit) -> str:
    """Return the line below a card: rank, score, verdict, identity, camera, time, and what was compared."""
    entry = hit.entry
    parts = [f'{hit.rank}. {hit.score:.3f}']
    if hit.verdict:
        parts.append(VERDICTS[hit.verdict])
    if entry.identity is not None:
        parts.append(f'identity {entry.identity}')
    if entry.camera is not None:
        parts.append(f'camera {entry.camera}')
    if entry.time is not None:
        parts.append(datetime.fromtimestamp(entry.time, timezone.utc).strftime('%Y-%m-%d %H:%M'))
    labels = [modality.label for modality in MODALITY_TABLE if modality.key in hit.compared.parts]
    parts.append('by ' + ' + '.join([*labels, *(['caption'] if hit.compared.text else [])]))
    return ' · '.join(parts)
