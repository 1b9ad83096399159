"""What can be given to inference, and the pictures read from it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Union

import numpy as np

from next_mm.errors import ConfigError, DataError
from next_mm.layouts import OwnTriplets
from next_mm.layouts.listing import list_folders
from next_mm.layouts.pairing import pair_pictures
from next_mm.triplet import MODALITIES, NUM_MODALITIES, UNKNOWN
from next_mm.utils.names import modalities_in
from next_mm.utils.pictures import PictureError, decode_picture, read_picture

__all__ = ['Colour', 'Picture', 'TripletInput', 'expand_inputs', 'load_pictures', 'parse_input']

Picture = Union[str, Path, bytes, np.ndarray]
"""A path, the bytes of a picture file, or an (H, W, 3) uint8 array."""
Colour = Literal['rgb', 'bgr']

CAPTIONS = tuple(f'caption_{modality}' for modality in MODALITIES)
KEYS = (*MODALITIES, 'side_by_side', 'caption', *CAPTIONS, 'id', 'camera')


@dataclass(frozen=True)
class TripletInput:
    """One triplet to run a model on.

    Attributes:
        id: its name.
        pictures: one a modality, ``None`` where it is absent; or one picture that holds three side by side.
        side_by_side: see ``pictures``.
        captions: one a modality, ``None`` where there is none.
        camera: number of the camera, for models that read it.
    """

    id: str
    pictures: tuple[Picture | None, ...]
    side_by_side: bool = False
    captions: tuple[str | None, ...] = field(default=(None,) * NUM_MODALITIES)
    camera: int = UNKNOWN

    @property
    def source(self) -> str:
        """The files that it is made of, as a JSON list with ``null`` for what is no file; empty without any file."""
        files = [str(picture) if isinstance(picture, (str, Path)) else None for picture in self.pictures]
        return json.dumps(files) if any(files) else ''


def expand_inputs(inputs: Any) -> Iterator[Any]:
    """Yield single inputs: of a folder or list file its triplets, of any other iterable its
    items, anything else itself.

    Args:
        inputs: a dictionary, a tuple of three pictures, a folder, a ``.csv`` or ``.json`` list,
            or an iterable of inputs.

    Raises:
        DataError: a folder or list without triplets.
    """
    if isinstance(inputs, (str, Path)) and (os.path.isdir(inputs) or str(inputs).endswith(('.csv', '.json'))):
        yield from _list_folder(Path(inputs))
    elif isinstance(inputs, (Mapping, TripletInput, tuple, str, Path, bytes, np.ndarray)):
        yield inputs
    elif isinstance(inputs, Iterable):
        yield from inputs
    else:
        raise DataError(
            f'inputs: expected a dictionary, a tuple, a folder, a list file or an iterable, got {inputs!r:.80}'
        )


def _list_folder(path: Path) -> Iterator[TripletInput]:
    """Yield the triplets of ``{rgb,nir,tir}/<name>``, or of :class:`OwnTriplets`' test split, or of a list file."""
    if path.is_dir() and any(modalities_in(name) for name in list_folders(path)):
        pairing = pair_pictures(str(path), MODALITIES)
        if pairing.problems:
            first = pairing.problems[0]
            raise DataError(
                f'{path}: {len(pairing.problems)} problems, the first: {first.kind}: {first.where} ({first.detail})'
            )
        for name, paths in pairing.triplets:
            yield TripletInput(name, paths)
        return
    layout = (
        OwnTriplets(data_root=str(path), split='test')
        if path.is_dir()
        else OwnTriplets(data_root=str(path.parent), list_file=path.name, split='test')
    )
    for record in layout.list_records():
        captions = record['captions'] or (None,) * NUM_MODALITIES
        yield TripletInput(record['name'], record['img_paths'], record['side_by_side'], captions, record['camera'])


def parse_input(value: Any, number: int, layout: Literal['triplet', 'side_by_side'] = 'triplet') -> TripletInput:
    """Return one input in its own type.

    Args:
        value: a dictionary with any of :data:`KEYS`, a tuple of three pictures with ``None`` for absent ones, or one
            picture with ``layout='side_by_side'``.
        number: its number, which names it where it has no id and no path.
        layout: see ``value``.

    Raises:
        DataError: it cannot be used; the text says why.
    """
    if isinstance(value, TripletInput):
        return value
    if isinstance(value, Mapping):
        return _parse_dictionary(value, number)
    if isinstance(value, (tuple, list)):
        if len(value) != NUM_MODALITIES:
            raise DataError(
                f'input {number}: expected {NUM_MODALITIES} pictures (None where one is absent), got {len(value)}'
            )
        return _checked(TripletInput(_name(value, number), tuple(value)), number)
    if layout == 'side_by_side':
        return _checked(TripletInput(_name([value], number), (value,), side_by_side=True), number)
    raise DataError(
        f'input {number}: one picture alone does not say its modality: give dict(rgb=...), a tuple of three, or '
        "layout='side_by_side' for a picture that holds three"
    )


def _parse_dictionary(value: Mapping[str, Any], number: int) -> TripletInput:
    unknown = [key for key in value if key not in KEYS]
    if unknown:
        raise DataError(f'input {number}: unknown key {unknown[0]!r}, expected any of {", ".join(KEYS)}')
    side = value.get('side_by_side')
    pictures = (side,) if side is not None else tuple(value.get(modality) for modality in MODALITIES)
    if side is not None and any(value.get(modality) is not None for modality in MODALITIES):
        raise DataError(f'input {number}: side_by_side and single pictures exclude each other')
    common = value.get('caption')
    captions = tuple(value.get(key, common) for key in CAPTIONS)
    for caption in captions:
        if caption is not None and not isinstance(caption, str):
            raise DataError(f'input {number}: expected captions as text, got {caption!r:.80}')
    camera = value.get('camera')
    name = value.get('id')
    return _checked(
        TripletInput(
            _name(pictures, number) if name is None else str(name),
            pictures,
            side is not None,
            captions,
            camera if isinstance(camera, int) and not isinstance(camera, bool) else UNKNOWN,
        ),
        number,
    )


def _name(pictures: Sequence[Picture | None], number: int) -> str:
    path = next((picture for picture in pictures if isinstance(picture, (str, Path))), None)
    return str(path) if path is not None else f'{number:08d}'


def _checked(parsed: TripletInput, number: int) -> TripletInput:
    given = [picture for picture in parsed.pictures if picture is not None]
    if not given:
        raise DataError(f'input {number} ({parsed.id}): expected at least one picture, all are absent')
    for picture in given:
        if not isinstance(picture, (str, Path, bytes, bytearray, memoryview, np.ndarray)):
            raise DataError(
                f'input {number} ({parsed.id}): expected a path, bytes or an array as a picture, got '
                f'{type(picture).__name__}'
            )
    return parsed


def load_pictures(
    triplet: TripletInput, *, colour: Colour = 'rgb', levels: Sequence[float] | None = None
) -> list[np.ndarray | None]:
    """Read and decode the pictures of a triplet.

    Args:
        triplet: the triplet.
        colour: order of the channels of arrays; files need none.
        levels: see :func:`next_mm.utils.pictures.read_picture`.

    Returns:
        Three (H, W, 3) uint8 RGB arrays, ``None`` where a modality is absent.

    Raises:
        PictureError: a picture that cannot be used; the text names it.
    """
    images = [
        None if picture is None else _load(picture, f'{triplet.id}, picture {place + 1}', colour, levels)
        for place, picture in enumerate(triplet.pictures)
    ]
    if not triplet.side_by_side:
        return images
    image = images[0]
    if image is None or image.shape[1] % NUM_MODALITIES:
        width = 0 if image is None else image.shape[1]
        raise PictureError(f'{triplet.id}: expected a width that is a multiple of {NUM_MODALITIES}, got {width}')
    return list(np.split(image, NUM_MODALITIES, axis=1))


def _load(picture: Picture, name: str, colour: Colour, levels: Sequence[float] | None) -> np.ndarray:
    if isinstance(picture, (str, Path)):
        return read_picture(picture, levels=levels)
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return decode_picture(bytes(picture), name, levels=levels)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise PictureError(f'{name}: expected an (H, W, 3) uint8 array, got {picture.dtype} of shape {picture.shape}')
    return np.ascontiguousarray(picture[..., ::-1]) if colour == 'bgr' else picture


def check_colour(colour: str) -> None:
    """Refuse an unknown order of channels.

    Raises:
        ConfigError: it is neither ``'rgb'`` nor ``'bgr'``.
    """
    if colour not in ('rgb', 'bgr'):
        raise ConfigError(f"color={colour!r}: expected 'rgb' or 'bgr'")
