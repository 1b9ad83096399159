"""The result of a run as files: captions as the datasets load them, and the attributes beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from next_mm.captioning.context import CaptionContext
from next_mm.captions import caption_path, write_captions
from next_mm.triplet import MODALITIES
from next_mm.utils.files import write_atomically

__all__ = ['export_captions']


def export_captions(run: CaptionContext) -> list[tuple[Path, int]]:
    """Write ``{train,test}_{RGB,NI,TI}.json`` in the released format and ``attributes.jsonl`` with every value's
    provenance.

    Returns:
        Each file and its number of entries.
    """
    written = []
    for split in run.settings.splits:
        for modality in MODALITIES:
            entries = list(run.store.captions.texts(split, modality))
            if entries:
                path = caption_path(run.settings.captions, split, modality)
                written.append((path, write_captions(path, entries)))
    path = run.settings.captions / 'attributes.jsonl'
    write_atomically(path, _attribute_lines(run))
    return [*written, (path, run.store.captions.count())]


def _attribute_lines(run: CaptionContext) -> Iterator[str]:
    for row in run.store.captions.all():
        values = {
            name: dict(
                value=o.value, confidence=o.confidence, model=o.model, modality=o.modality, complemented=o.complemented
            )
            for name, o in row.attributes.items()
        }
        line = dict(split=row.split, item=row.item, modality=row.modality, source=row.source, attributes=values)
        yield json.dumps(line, ensure_ascii=False) + '\n'
