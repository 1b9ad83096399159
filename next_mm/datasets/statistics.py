"""The table of what a split holds, printed when it is loaded."""

from __future__ import annotations

from collections.abc import Sequence

from next_mm.triplet import MODALITIES, UNKNOWN, TripletRecord
from next_mm.utils.tables import draw_table


def statistics_table(title: str, split: str, records: Sequence[TripletRecord], *, synthetic: bool = False) -> str:
    """Count identities, triplets, complete ones, cameras, scenes, modalities and captions of a split.

    Args:
        title: dataset name.
        split: ``'train'`` or ``'test'``.
        records: its records.
        synthetic: whether the pictures are rendered, which the title then says.

    Returns:
        A text table.
    """
    parts = (
        {'train': list(records)}
        if split == 'train'
        else {
            'query': [record for record in records if record['is_query']],
            'gallery': [record for record in records if record['is_gallery']],
        }
    )
    header = [
        'part',
        'identities',
        'triplets',
        'complete',
        'cameras',
        'scenes',
        'pictures ' + ' / '.join(MODALITIES),
        'captions',
    ]
    cells = [[part, *_row(rows)] for part, rows in parts.items()]
    return draw_table(header, cells, title=title + (' (synthetic)' if synthetic else '')).rstrip()


def _row(records: Sequence[TripletRecord]) -> list[str]:
    pictures = [sum(record['img_paths'][number] is not None for record in records) for number in range(len(MODALITIES))]
    captions = sum(text is not None for record in records for text in record['captions'] or ())
    return [
        f'{len({record["identity"] for record in records}):,}',
        f'{len(records):,}',
        f'{sum(None not in record["img_paths"] for record in records):,}',
        _distinct(records, 'camera'),
        _distinct(records, 'scene'),
        ' / '.join(f'{count:,}' for count in pictures),
        f'{captions:,}' if captions else 'none',
    ]


def _distinct(records: Sequence[TripletRecord], key: str) -> str:
    values = {record[key] for record in records} - {UNKNOWN}  # type: ignore[literal-required]
    return str(len(values)) if values else '-'
