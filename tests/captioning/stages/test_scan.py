"""Listing a dataset and finding the keys of its pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from next_mm.captioning.context import CaptionContext, Services
from next_mm.captioning.listing import list_pictures
from next_mm.captioning.pictures import picture_key
from next_mm.captioning.stages.scan import hash_pictures, list_dataset
from next_mm.captioning.store import Picture, Store
from next_mm.errors import DataError
from tests.captioning import light_tool
from tests.captioning.conftest import make_context, make_dataset


def test_the_real_lister(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 8)
    pictures = list(list_pictures(dict(type='RGBNT201', data_root=str(data)), ('train', 'test')))
    assert len(pictures) == 24 and {p.modality for p in pictures} == {'rgb', 'nir', 'tir'}
    assert [p.modality for p in pictures[:3]] == ['rgb', 'nir', 'tir'] and len({p.item for p in pictures[:3]}) == 1
    assert all(Path(p.path).is_file() and p.panel == -1 for p in pictures)
    with pytest.raises(DataError, match='nowhere'):
        list(list_pictures(dict(type='RGBNT201', data_root=str(tmp_path / 'nowhere')), ('train',)))


def keys_of(run: CaptionContext) -> dict[str, str | None]:
    """Path to key of all pictures."""
    return {
        run.store.pictures.place(split, item)[modality][0]: key
        for split in ('train', 'test')
        for item, modality, _, key in run.store.pictures.of_split(split)
        if key is not None
    }


def test_a_second_scan_reads_what_has_changed(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 8)
    pictures = list(light_tool.list_pictures(dict(data_root=str(data)), ('train', 'test')))
    with Store(tmp_path / 's.sqlite') as store:
        run = make_context(store, data)

        def scan(listed: list[Picture]) -> tuple[int, list[str]]:
            seen = replace(run, services=Services(list_pictures=lambda *_: listed))
            count, problems = list_dataset(seen)
            return count, [*problems, *hash_pictures(seen)]

        assert scan(pictures) == (24, [])
        assert keys_of(run)[pictures[0].path] == picture_key(Path(pictures[0].path).read_bytes(), -1)
        Path(pictures[0].path).write_bytes(b'new')
        Path(pictures[1].path).unlink()
        count, problems = scan(pictures[:6])
        assert count == 6  # what is gone from the dataset leaves the list
        assert len(problems) == 1 and pictures[1].path in problems[0]
        assert keys_of(run)[pictures[0].path] == picture_key(b'new', -1)
