"""Milvus's filter language: conditions on the scalar fields of a collection, as text."""

from __future__ import annotations

import json
from collections.abc import Sequence

from next_mm.gallery.records import Filters

__all__ = ['all_of', 'filter_expression', 'id_among', 'quote']


def quote(value: str) -> str:
    """Return text as a literal of Milvus's filter language."""
    return json.dumps(value, ensure_ascii=False)


def id_among(ids: Sequence[str]) -> str:
    """Return the condition that an entry has one of the ids."""
    return f'id in [{", ".join(map(quote, ids))}]'


def filter_expression(filters: Filters) -> str:
    """Return filters in Milvus's language; entries of unknown camera pass ``not_camera``, as in the other store."""
    terms = {
        'camera': lambda value: f'camera == {quote(value)}',
        'not_camera': lambda value: f'(camera != {quote(value)} or camera is null)',
        'after': lambda value: f'time >= {value!r}',
        'before': lambda value: f'time < {value!r}',
        'identity': lambda value: f'identity == {quote(value)}',
        'tracklet': lambda value: f'tracklet == {quote(value)}',
    }
    return ' and '.join(terms[name](value) for name, value in filters.given().items())


def all_of(*terms: str) -> str:
    """Return the condition that all conditions hold; empty ones are left out."""
    return ' and '.join(term for term in terms if term)
