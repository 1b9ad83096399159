"""What has no usable answer, picture by picture, with the reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from next_mm.captioning.prompts import attribute_version
from next_mm.captioning.schema import Schema
from next_mm.captioning.settings import CaptionSettings
from next_mm.captioning.store import USABLE, Store
from next_mm.triplet import MODALITIES
from next_mm.utils.files import write_atomically

_REASON_LENGTH = 200


class Failure(NamedTuple):
    """A picture that cannot be read (``model`` is empty then), or a question without a usable answer."""

    split: str
    item: str
    modality: str
    path: str
    model: str
    status: str
    reason: str


def failures_path(store: Path) -> Path:
    """The list of failures of a store."""
    return store.with_name(f'{store.stem}.failures.jsonl')


def iterate_failures(store: Store, settings: CaptionSettings, schema: Schema) -> Iterator[Failure]:
    """All failures that stand: those of earlier runs too, unless they were made good. Unreadable pictures come first."""
    splits, usable, models = (','.join('?' * len(names)) for names in (settings.splits, USABLE, settings.models))
    columns = 'p.split, p.item, p.modality, p.path'
    rows = store.db.execute(
        f"SELECT {columns}, '', 'unreadable', p.problem FROM pictures p WHERE p.problem IS NOT NULL AND p.split IN ({splits}) "
        f'AND NOT EXISTS(SELECT 1 FROM answers a WHERE a.subject=p.picture AND a.status IN ({usable})) ORDER BY p.rowid',
        (*settings.splits, *USABLE),
    )
    yield from map(Failure._make, rows)
    version = 'CASE p.modality ' + ' '.join(f"WHEN '{m}' THEN ?" for m in MODALITIES) + ' END'
    rows = store.db.execute(
        f'SELECT {columns}, a.model, a.status, a.raw FROM pictures p JOIN answers a ON a.subject=p.picture AND a.prompt={version} '
        f'WHERE p.split IN ({splits}) AND a.status NOT IN ({usable}) AND a.model IN ({models}) ORDER BY p.rowid, a.model',
        (
            *(attribute_version(schema, m, settings.max_side) for m in MODALITIES),
            *settings.splits,
            *USABLE,
            *(m.name for m in settings.models),
        ),
    )
    for (
        split,
        item,
        modality,
        picture,
        model,
        status,
        raw,
    ) in rows:  # the raw text is the server's error or what the model said
        reason = ' '.join(raw.split())[:_REASON_LENGTH] or 'the answer was empty'
        yield Failure(split, item, modality, picture, model, status, reason)


def write_failures(store: Store, settings: CaptionSettings, schema: Schema) -> int:
    """List all failures beside the store, one JSON line each; without any there is no file.

    Returns:
        How many there are.
    """
    path, count = failures_path(store.path), 0

    def lines() -> Iterator[str]:
        nonlocal count
        for failure in iterate_failures(store, settings, schema):
            count += 1
            yield json.dumps(failure._asdict(), ensure_ascii=False) + '\n'

    write_atomically(path, lines())
    if not count:
        path.unlink()
    return count
