"""True attributes of a dataset whose truth is known, as the synthetic data's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from next_mm.captioning.pictures import picture_key
from next_mm.triplet import MODALITIES

_FOLDERS = {'train': 'train_171', 'test': 'test'}
_NAMES = dict(zip(MODALITIES, ('RGB', 'NI', 'TI')))


@dataclass(frozen=True)
class TruePicture:
    """One picture and what is true of it; ``identity`` is the first part of its name."""

    split: str
    item: str
    modality: str
    identity: str
    path: Path
    attributes: dict[str, str]


def read_truth(path: Path) -> Iterator[TruePicture]:
    """Read ``attributes.json`` of a dataset in RGBNT201's layout: ``{"splits": {split: {item: {modality: {attribute: value}}}}}``.

    Raises:
        ValueError: the file is not of that form.
    """
    data = json.loads(Path(path).read_text(encoding='utf-8'))
    if not isinstance(data, dict) or 'splits' not in data:
        raise ValueError(f'{path}: expected {{"splits": {{split: {{item: {{modality: {{attribute: value}}}}}}}}}}')
    for split, items in data['splits'].items():
        for item, by_modality in items.items():
            for modality, attributes in by_modality.items():
                yield TruePicture(
                    split,
                    item,
                    modality,
                    item.partition('_')[0],
                    Path(path).parent / _FOLDERS[split] / _NAMES[modality] / item,
                    attributes,
                )


def truth_by_picture(path: Path) -> dict[str, dict]:
    """Picture key to ``{"modality": ..., "attributes": ...}``, for the simulated models' server."""
    return {
        picture_key(p.path.read_bytes(), -1): {'modality': p.modality, 'attributes': p.attributes}
        for p in read_truth(path)
    }
