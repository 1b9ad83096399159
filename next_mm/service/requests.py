"""Read a request's form into an input of the model; every fault names its field."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from next_mm.apis.inference import TripletInput
from next_mm.apis.inference.inputs import CAPTIONS
from next_mm.errors import DataError
from next_mm.service.limits import ServiceError
from next_mm.triplet import MODALITIES, UNKNOWN
from next_mm.utils.pictures import open_picture

__all__ = ['SEARCH_FIELDS', 'TripletForm', 'read_form', 'read_search']

TEXT_FIELDS = ('caption', *CAPTIONS, 'id', 'identity', 'camera', 'time', 'tracklet', 'extra', 'on_conflict')
SEARCH_FIELDS = ('top', 'not_camera', 'after', 'before', 'min_score', 'crops')
MAX_TEXT = 4000


@dataclass(frozen=True)
class TripletForm:
    """A triplet of a request, and the text fields beside it."""

    triplet: TripletInput
    fields: Mapping[str, str]


async def read_form(request: Request, max_pixels: int) -> TripletForm:
    """Read a multipart form: ``rgb``, ``nir``, ``tir`` (files, any but at least one) and text fields.

    Raises:
        ServiceError: no multipart form, an unknown or repeated field, no picture, or a picture
            that is none or too large.
    """
    if not request.headers.get('content-type', '').lower().startswith('multipart/form-data'):
        raise ServiceError(415, 'expected multipart/form-data with any of the pictures rgb, nir and tir')
    try:
        form = await request.form(max_files=len(MODALITIES), max_fields=len(TEXT_FIELDS) + len(SEARCH_FIELDS))
    except Exception as error:  # the parser's errors have no common class
        raise ServiceError(400, 'the multipart form cannot be read') from error
    pictures: dict[str, bytes] = {}
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if name in pictures or name in fields:
            raise ServiceError(422, 'comes twice', field=name)
        if isinstance(value, UploadFile):
            if name not in MODALITIES:
                raise ServiceError(422, f'no such picture; expected {", ".join(MODALITIES)}', field=name)
            pictures[name] = _checked_picture(name, await value.read(), max_pixels)
        elif name in MODALITIES:
            raise ServiceError(422, 'expected a file', field=name)
        elif name not in TEXT_FIELDS + SEARCH_FIELDS:
            raise ServiceError(
                422, f'no such field; expected any of {", ".join(TEXT_FIELDS + SEARCH_FIELDS)}', field=name
            )
        else:
            fields[name] = _checked_text(name, value)
    if not pictures:
        raise ServiceError(422, 'expected at least one picture: rgb, nir or tir')
    captions = tuple(fields.get(key, fields.get('caption')) for key in CAPTIONS)
    camera = fields.get('camera', '')
    triplet = TripletInput(
        fields.get('id', 'query'),
        tuple(pictures.get(modality) for modality in MODALITIES),
        captions=captions,
        camera=int(camera) if camera.isdecimal() and len(camera) < 6 else UNKNOWN,
    )
    return TripletForm(triplet, fields)


def _checked_picture(name: str, data: bytes, max_pixels: int) -> bytes:
    """Return the bytes of a picture whose header says a size within the limit; nothing is decoded."""
    if not data:
        raise ServiceError(422, 'the picture is empty', field=name)
    try:
        width, height = open_picture(data, 'the picture').size
    except DataError as error:
        raise ServiceError(422, str(error), field=name) from error
    if width * height > max_pixels:
        raise ServiceError(422, f'{width} x {height} pixels; expected at most {max_pixels} in all', field=name)
    return data


def _checked_text(name: str, value: str) -> str:
    if len(value) > MAX_TEXT:
        raise ServiceError(422, f'expected at most {MAX_TEXT} characters, got {len(value)}', field=name)
    return value


def read_search(fields: Mapping[str, Any], max_top: int) -> dict[str, Any]:
    """Return the options of :meth:`Gallery.search` from text fields or JSON values.

    Raises:
        ServiceError: a value that cannot be used.
    """
    options: dict[str, Any] = {}
    for name in ('camera', 'not_camera', 'after', 'before', 'identity'):
        if fields.get(name) not in (None, ''):
            options[name] = str(fields[name])
    options['top'] = int(_number('top', fields.get('top', 10), 1, max_top))
    if fields.get('min_score') not in (None, ''):
        options['min_score'] = _number('min_score', fields['min_score'], -1, 1)
    crops = fields.get('crops', False)
    if crops not in (True, False, 'true', 'false'):
        raise ServiceError(422, 'expected true or false', field='crops')
    options['crops'] = crops in (True, 'true')
    return options


def _number(name: str, value: Any, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool) or not low <= number <= high:
        raise ServiceError(422, f'expected a number from {low:g} to {high:g}', field=name)
    return number


def read_extra(fields: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the ``extra`` values of an entry.

    Raises:
        ServiceError: they are no JSON object.
    """
    if 'extra' not in fields:
        return None
    try:
        value = json.loads(fields['extra'])
    except (ValueError, RecursionError) as error:
        raise ServiceError(422, 'expected a JSON object', field='extra') from error
    if not isinstance(value, dict):
        raise ServiceError(422, 'expected a JSON object', field='extra')
    return value
