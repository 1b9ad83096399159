"""What a caller says of entries to add, checked and brought to one value a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from next_mm.errors import ConfigError, DataError
from next_mm.gallery.records import name_or_none, read_extra, read_time, refuse_bad_text

__all__ = ['NewRows', 'check_conflict', 'check_ids', 'refuse_known']


@dataclass(frozen=True)
class NewRows:
    """Entries to add, one value a row, beside their features."""

    identity: Sequence[str | None]
    camera: Sequence[str | None]
    time: Sequence[float | None]
    tracklet: Sequence[str | None]
    extra: Sequence[str]

    @classmethod
    def read(
        cls,
        count: int,
        *,
        identity: object = None,
        camera: object = None,
        time: object = None,
        tracklet: object = None,
        extra: object = None,
    ) -> NewRows:
        """Read what a caller gives: one value for all rows, or a list with one a row.

        Raises:
            DataError: a list of another length, or a value that cannot be stored.
        """
        return cls(
            [name_or_none('identity', value) for value in _per_row(identity, count, 'identity')],
            [name_or_none('camera', value) for value in _per_row(camera, count, 'camera')],
            [read_time('time', value) for value in _per_row(time, count, 'time')],
            [name_or_none('tracklet', value) for value in _per_row(tracklet, count, 'tracklet')],
            [read_extra(value) for value in _per_row(extra, count, 'extra')],
        )


def check_ids(ids: Sequence[str]) -> list[str]:
    """Return the ids of entries to add.

    Raises:
        DataError: one cannot be stored, or comes twice.
    """
    checked = [refuse_bad_text('id', name) for name in ids]
    if len(set(checked)) != len(checked):
        twice = next(name for name in checked if checked.count(name) > 1)
        raise DataError(f'id {twice!r} comes twice among the entries to add')
    return checked


def check_conflict(on_conflict: str) -> None:
    """Refuse an unknown way to treat ids that are there.

    Raises:
        ConfigError: it is unknown.
    """
    if on_conflict not in ('error', 'replace', 'keep'):
        raise ConfigError(f"on_conflict={on_conflict!r}: expected 'error', 'replace' or 'keep'")


def refuse_known(ids: Sequence[str]) -> None:
    """Refuse entries whose ids are there.

    Raises:
        DataError: there are any.
    """
    if ids:
        some = ', '.join(map(repr, sorted(ids)[:3]))
        raise DataError(f'{len(ids)} ids are in the gallery already, the first: {some}; nothing was added')


def _per_row(value: object, count: int, option: str) -> list[Any]:
    if isinstance(value, (list, tuple)):
        if len(value) != count:
            raise DataError(f'{option}: expected {count} values, one a row, got {len(value)}')
        return list(value)
    return [value] * count
