"""Listing a dataset and finding the keys of its pictures."""

from __future__ import annotations

import os
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

        assert scan(data, pictures, store) == (24, [])
        assert keys_of(run)[pictures[0].path] == picture_key(Path(pictures[0].path).read_bytes(), -1)
        Path(pictures[0].path).write_bytes(b'new')
        Path(pictures[1].path).unlink()
        count, problems = scan(data, pictures[:6], store)
        assert count == 6  # what is gone from the dataset leaves the list
        assert len(problems) == 1 and pictures[1].path in problems[0]
        assert keys_of(run)[pictures[0].path] == picture_key(b'new', -1)


def scan(data: Path, pictures: list[Picture], store: Store, **changes: object) -> tuple[int, list[str]]:
    """List these pictures as those of a dataset; returns their number and all problems."""
    run = replace(make_context(store, data, **changes), services=Services(list_pictures=lambda *_: pictures))
    count, problems = list_dataset(run)
    return count, [*problems, *hash_pictures(run)]


def picture(path: Path, item: str = '') -> Picture:
    return Picture('train', item or path.name, 'rgb', '1', str(path), -1)


def test_pictures_outside_the_folder_are_refused(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 1)
    inside = next(data.rglob('*.jpg'))
    private = tmp_path / 'private.jpg'
    private.write_bytes(inside.read_bytes())
    link = data / 'link.jpg'
    link.symlink_to(private)
    folder = data / 'folder'
    folder.symlink_to(tmp_path)
    within = data / 'within.jpg'
    within.symlink_to(inside)
    with Store(tmp_path / 's.sqlite') as store:
        for place in (private, data / '..' / 'private.jpg', data / 'train_171/../../private.jpg', Path('/etc/passwd')):
            with pytest.raises(
                DataError, match='1 pictures of the dataset lie outside its folder .* a list should name'
            ):
                scan(data, [picture(inside), picture(place)], store)
            assert store.pictures.splits() == set()  # none is listed, hence none sent
        for place in (link, folder / 'private.jpg'):
            with pytest.raises(DataError, match='by way of symbolic links'):
                scan(data, [picture(inside), picture(place)], store)
            assert scan(data, [picture(place)], store, follow_links=True) == (1, [])
        assert scan(data, [picture(inside), picture(within)], store) == (2, [])
        (tmp_path / 'alias').symlink_to(data)  # the folder itself may be a link
        assert scan(tmp_path / 'alias', [picture(tmp_path / 'alias' / within.name)], store) == (1, [])


def test_names_that_are_not_utf_8_and_files_that_are_none_are_told(tmp_path: Path) -> None:
    data = make_dataset(tmp_path / 'RGBNT201', 1)
    inside = next(data.rglob('*.jpg'))
    os.mkfifo(data / 'pipe.jpg')
    (data / 'nothing.jpg').touch()
    bad = os.fsdecode(bytes(data) + b'/\xd5.jpg')
    Path(bad).write_bytes(b'x')
    with Store(tmp_path / 's.sqlite') as store:
        listed = [picture(inside), picture(data / 'pipe.jpg'), picture(data / 'nothing.jpg'), picture(Path(bad))]
        count, problems = scan(data, listed, store)
    assert count == 3 and len(problems) == 3
    for text in ('the name is not UTF-8', 'pipe.jpg: not a regular file', 'nothing.jpg: the picture file is empty'):
        assert any(text in problem for problem in problems)
