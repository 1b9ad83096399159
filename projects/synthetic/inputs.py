"""The synthetic test triplets as inputs of inference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from next_mm.captions.files import caption_path, read_captions
from next_mm.errors import DataError
from next_mm.triplet import MODALITY_TABLE

__all__ = ['list_inputs', 'name_camera', 'name_identity']


def list_inputs(root: Path) -> list[dict[str, Any]]:
    """Return a dictionary for each test triplet, as :class:`next_mm.apis.ReIDInferencer` takes it.

    Args:
        root: folder of the synthetic data, with ``RGBNT201/`` in it.

    Raises:
        DataError: there are no data.
    """
    data = root / 'RGBNT201'
    if not (data / 'test').is_dir():
        raise DataError(f'{root}: no synthetic data; python tools/train.py configs/next_synthetic.py makes them')
    captions = {key.key: read_captions(caption_path(data / 'text', 'test', key.key)) for key in MODALITY_TABLE}
    inputs = []
    for name in sorted(path.name for path in (data / 'test' / 'RGB').iterdir()):
        pictures = {modality.key: data / 'test' / modality.file_name / name for modality in MODALITY_TABLE}
        texts = {f'caption_{key}': table[name] for key, table in captions.items() if name in table}
        inputs.append({'id': name, **pictures, **texts})
    return inputs


def name_identity(name: str) -> str:
    """Return who is seen: ``000500_cam1_0_00.jpg`` shows ``000500``."""
    return name.split('_')[0]


def name_camera(name: str) -> str:
    """Return by which camera: ``000500_cam1_0_00.jpg`` is of ``cam1``."""
    return name.split('_')[1]
