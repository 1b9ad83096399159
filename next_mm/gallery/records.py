"""What a gallery stores and returns: entries, filters, hits."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

from next_mm.errors import DataError
from next_mm.triplet import MODALITIES

__all__ = ['Comparison', 'Entry', 'Filters', 'Hit', 'Verdict', 'read_time', 'refuse_bad_text']

Verdict = Literal['same', 'different', 'unsure']
MAX_TEXT = 4096
"""Longest id, identity, camera or tracklet name, in characters."""


@dataclass(frozen=True)
class Entry:
    """One entry of a gallery, without its feature.

    Attributes:
        id: unique name.
        identity: the identity it belongs to, where known.
        camera: the camera it was seen by, where known.
        time: when it was seen, seconds since 1970 (UTC), where known.
        tracklet: the tracklet that its crop belongs to.
        source: the pictures that it was made of; see :meth:`files`.
        parts: the modalities that it was made of.
        text: whether captions were read.
        extra: further JSON values.
    """

    id: str
    identity: str | None = None
    camera: str | None = None
    time: float | None = None
    tracklet: str | None = None
    source: str = ''
    parts: tuple[str, ...] = MODALITIES
    text: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    def files(self) -> list[str | None]:
        """Return the picture files: one a modality, or one that holds three side by side; empty
        where none are known."""
        try:
            files = json.loads(self.source)
        except ValueError:
            return []
        known = isinstance(files, list) and all(file is None or isinstance(file, str) for file in files)
        return files if known else []


@dataclass(frozen=True)
class Comparison:
    """What a query and an entry were compared by.

    Attributes:
        parts: the modalities that both have.
        text: whether both sides' captions count.
    """

    parts: tuple[str, ...]
    text: bool

    def name(self) -> str:
        """Return the name that thresholds go by, e.g. ``'rgb+tir+text'``."""
        return '+'.join([*self.parts, *(['text'] if self.text else [])])


@dataclass(frozen=True)
class Hit:
    """One entry of a ranked list.

    Attributes:
        rank: from 1.
        score: cosine similarity in -1 to 1, over what both sides have.
        entry: the entry; of a tracklet the mean of its crops.
        compared: what was compared.
        verdict: same or different identity by the gallery's thresholds, or unsure; ``None`` without thresholds.
    """

    rank: int
    score: float
    entry: Entry
    compared: Comparison
    verdict: Verdict | None = None

    @property
    def id(self) -> str:
        """The entry's id."""
        return self.entry.id


@dataclass(frozen=True)
class Filters:
    """Which entries a search or a deletion is about; an entry must pass all that are given.

    Attributes:
        camera: seen by this camera.
        not_camera: not seen by this camera; entries of unknown camera pass.
        after: seen at this time or later; entries of unknown time do not pass.
        before: seen before this time; entries of unknown time do not pass.
        identity: of this identity.
        tracklet: of this tracklet.
    """

    camera: str | None = None
    not_camera: str | None = None
    after: float | None = None
    before: float | None = None
    identity: str | None = None
    tracklet: str | None = None

    @classmethod
    def make(
        cls,
        *,
        camera: object = None,
        not_camera: object = None,
        after: object = None,
        before: object = None,
        identity: object = None,
        tracklet: object = None,
    ) -> Filters:
        """Make filters from what a caller gives: names of any kind, times as numbers, datetimes or ISO text.

        Raises:
            DataError: a value cannot be used.
        """
        return cls(
            camera=name_or_none('camera', camera),
            not_camera=name_or_none('not_camera', not_camera),
            after=read_time('after', after),
            before=read_time('before', before),
            identity=name_or_none('identity', identity),
            tracklet=name_or_none('tracklet', tracklet),
        )

    def given(self) -> dict[str, Any]:
        """Return the filters that are given."""
        return {name: value for name, value in vars(self).items() if value is not None}


def name_or_none(option: str, value: object) -> str | None:
    """Return a name as text; whole numbers are names too.

    Raises:
        DataError: it is neither, or text that cannot be stored.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise DataError(f'{option}={value!r}: expected a name')
    return refuse_bad_text(option, str(value))


def refuse_bad_text(option: str, value: str) -> str:
    """Return the text.

    Raises:
        DataError: it is empty, too long, or no valid Unicode.
    """
    if not value or len(value) > MAX_TEXT:
        raise DataError(f'{option}: expected 1 to {MAX_TEXT} characters, got {len(value)}')
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise DataError(f'{option}={value!r}: expected valid Unicode text') from error
    if '\0' in value:
        raise DataError(f'{option}={value!r}: expected text without a NUL character')
    return value


def read_time(option: str, value: object) -> float | None:
    """Return a time in seconds since 1970 (UTC); a datetime or ISO text without a zone counts as UTC.

    Raises:
        DataError: it is no time.
    """
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise DataError(f'{option}={value!r}: expected a finite time')
        return float(value)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace('Z', '+00:00'))
        except ValueError as error:
            raise DataError(f'{option}={value!r}: expected a time such as 2026-05-01T12:30:00') from error
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).timestamp()
    raise DataError(f'{option}={value!r}: expected seconds, a datetime or ISO text')


def read_extra(value: Mapping[str, Any] | None) -> str:
    """Return extra values as JSON text.

    Raises:
        DataError: they are no JSON values.
    """
    try:
        return json.dumps(dict(value or {}), ensure_ascii=True, allow_nan=False, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise DataError(f'extra: expected a dictionary of JSON values, got {value!r}: {error}') from error
