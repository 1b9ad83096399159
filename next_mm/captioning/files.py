"""The caption files that datasets load, and the attributes beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from next_mm.captioning.observations import load_set
from next_mm.captioning.settings import CaptionSettings
from next_mm.captioning.store import Store

FILE_NAMES = {'rgb': 'RGB', 'nir': 'NI', 'tir': 'TI'}
"""Modality to its name in the files, as the released captions have it."""


def write_atomically(path: Path, lines: Iterable[str]) -> None:
    """Write a text file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    with open(part, 'w', encoding='utf-8') as file:
        file.writelines(lines)
    os.replace(part, path)


def export_captions(store: Store, settings: CaptionSettings) -> list[tuple[Path, int]]:
    """Write ``{train,test}_{RGB,NI,TI}.json`` in the released format and ``attributes.jsonl`` with every value's provenance.

    Returns:
        Each file and its number of entries.
    """
    written = []
    for split in settings.splits:
        for modality, name in FILE_NAMES.items():
            rows = store.db.execute(
                'SELECT item, caption FROM captions WHERE split=? AND modality=? AND caption IS NOT NULL ORDER BY rowid',
                (split, modality),
            ).fetchall()
            if rows:
                path = settings.captions / f'{split}_{name}.json'
                entries = [
                    json.dumps({'item': item, 'description': caption}, ensure_ascii=False) for item, caption in rows
                ]
                write_atomically(path, ['[\n', ',\n'.join(entries), '\n]\n'])
                written.append((path, len(rows)))
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
