"""The caption files that datasets load, and the attributes beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from next_mm.captioning.observations import load_set
from next_mm.captioning.settings import CaptionSettings
from next_mm.captioning.store import Store
from next_mm.captions.files import FILE_NAMES, caption_path, write_captions
from next_mm.utils.files import write_atomically


def export_captions(store: Store, settings: CaptionSettings) -> list[tuple[Path, int]]:
    """Write ``{train,test}_{RGB,NI,TI}.json`` in the released format and ``attributes.jsonl`` with every value's provenance.

    Returns:
        Each file and its number of entries.
    """
    written = []
    for split in settings.splits:
        for modality in FILE_NAMES:
            rows = store.db.execute(
                'SELECT item, caption FROM captions WHERE split=? AND modality=? AND caption IS NOT NULL ORDER BY rowid',
                (split, modality),
            ).fetchall()
            if rows:
                path = caption_path(settings.captions, split, modality)
                written.append((path, write_captions(path, rows)))
    path = settings.captions / 'attributes.jsonl'
    written.append((path, store.db.execute('SELECT COUNT(*) FROM captions').fetchone()[0]))
    write_atomically(path, _attribute_lines(store))
    return written


def _attribute_lines(store: Store) -> Iterable[str]:
    for split, item, modality, attributes, source in store.db.execute(
        'SELECT split, item, modality, attributes, source FROM captions ORDER BY rowid'
    ):
        values = {
            name: dict(
                value=o.value, confidence=o.confidence, model=o.model, modality=o.modality, complemented=o.complemented
            )
            for name, o in load_set(attributes).items()
        }
        yield (
            json.dumps(
                dict(split=split, item=item, modality=modality, source=source, attributes=values), ensure_ascii=False
            )
            + '\n'
        )
