"""True attributes of a dataset whose truth is known, as the synthetic data's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from next_mm.captioning.pictures import picture_key
from next_mm.captions.files import FILE_NAMES
from next_mm.errors import DataError
from next_mm.utils.pictures import read_file

_FOLDERS = {'train': 'train_171', 'test': 'test'}


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
    """Read ``attributes.json`` of a dataset in RGBNT201's layout: ``{"splits": {split: {item: {modality: {attribute:
    value}}}}}``.

    Raises:
        DataError: the file is not of that form, or names a picture outside its folder.
    """
    try:
        data = json.loads(Path(path).read_text(encoding='utf-8-sig'))
    except ValueError as error:
        raise DataError(f'{path}: not a readable JSON file ({error})') from error
    if not isinstance(data, dict) or not isinstance(data.get('splits'), dict) or set(data['splits']) - set(_FOLDERS):
        raise DataError(f'{path}: expected {{"splits": {{split: {{item: {{modality: {{attribute: value}}}}}}}}}}')
    for split, items in data['splits'].items():
        for item, by_modality in items.items():
            if Path(item).name != item:
                raise DataError(f'{path}: {item!r} is no name of a picture in this folder')
            for modality, attributes in by_modality.items():
                yield TruePicture(
                    split,
                    item,
                    modality,
                    item.partition('_')[0],
                    Path(path).parent / _FOLDERS[split] / FILE_NAMES[modality] / item,
                    attributes,
                )


def truth_by_picture(path: Path) -> dict[str, dict[str, Any]]:
    """Picture key to ``{"modality": ..., "attributes": ...}``, for the simulated models' server."""
    return {
        picture_key(read_file(p.path), -1): {'modality': p.modality, 'attributes': p.attributes}
        for p in read_truth(path)
    }
