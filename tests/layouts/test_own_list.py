"""Lists of own triplets: what tables write, what they repeat, and what a stranger's list may not do."""

from __future__ import annotations

import csv
import json
import unicodedata
from pathlib import Path

import pytest

from next_mm.errors import DataError
from next_mm.layouts import OwnTriplets, Problem
from next_mm.layouts.own_list import number_names
from next_mm.triplet import UNKNOWN, TripletRecord

Rows = list[dict[str, object]]


def find(
    root: Path, rows: Rows, split: str = 'test', name: str = 'list.csv'
) -> tuple[list[TripletRecord], list[Problem]]:
    """List a split of a list; every picture that it names lies in ``root``."""
    for row in rows:
        for path in (row.get(modality) for modality in ('rgb', 'nir', 'tir')):
            target = (root / str(path)).resolve()
            if path and target.is_relative_to(root) and target != root:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(str(path).encode())
    if name.endswith('.json'):
        (root / name).write_text(json.dumps(rows))
    else:
        with (root / name).open('w', newline='') as file:
            writer = csv.DictWriter(file, dict.fromkeys(key for row in rows for key in row))
            writer.writeheader()
            writer.writerows(rows)
    return OwnTriplets(data_root=str(root), list_file=name, split=split).find_split()


def row(split: str, identity: str, rgb: str, **more: object) -> dict[str, object]:
    return dict(split=split, identity=identity, rgb=rgb, **more)


# repeats
@pytest.mark.parametrize('split', ['train', 'test', 'query', 'gallery'])
@pytest.mark.parametrize('name', ['list.csv', 'list.json'])
def test_equal_rows_count_once(tmp_path: Path, split: str, name: str) -> None:
    rows = [
        row(split, 'anna', 'a.jpg'),
        row(split, 'ben', 'b.jpg'),
        row('train', 'x', 'x.jpg'),
        row('gallery', 'y', 'y.jpg'),
    ]
    once, _ = find(tmp_path, rows, 'train' if split == 'train' else 'test', name)
    twice, problems = find(tmp_path, [*rows, *rows], 'train' if split == 'train' else 'test', name)
    assert twice == once
    notes = [problem for problem in problems if problem.kind == 'a row twice']
    assert notes and not any(problem.fatal for problem in problems if problem.kind != 'no pictures')
    assert (f'{name}, row 5', 'row 1 has the same pictures; it is left out') in {(n.where, n.detail) for n in notes}


@pytest.mark.parametrize(
    'more, kind, fatal',
    [
        (row('test', 'anna', './a.jpg'), 'a row twice', False),
        (row('test', 'anna', 'a.jpg', name='other'), 'a row twice', False),
        (row('test', 'anna', 'a.jpg', camera='7'), 'a row twice with different facts', True),
        (row('test', 'anna', 'a.jpg', caption_rgb='A coat.'), 'a row twice with different facts', True),
        (row('test', 'ben', 'a.jpg'), 'one picture under two identities', True),
        (row('test', 'ben', 'c.jpg', nir='a.jpg'), 'one picture under two identities', True),
        (row('test', 'anna', 'a.jpg', nir='n.jpg'), 'a picture in two rows', False),
        (row('train', 'anna', 'a.jpg', nir='n.jpg'), 'a picture in both train and test', True),
        (row('test', 'ben', 'c.jpg', nir='c.jpg'), 'one picture for two modalities', False),
    ],
)
def test_pictures_that_come_again_are_told(tmp_path: Path, more: dict[str, object], kind: str, fatal: bool) -> None:
    rows = [row('test', 'anna', 'a.jpg'), row('test', 'ben', 'b.jpg'), row('train', 'x', 'x.jpg'), more]
    _, problems = find(tmp_path, rows, 'train' if more['split'] == 'train' else 'test')
    told = [problem for problem in problems if problem.kind == kind]
    assert [(problem.where, problem.fatal) for problem in told] == [('list.csv, row 4', fatal)]


def test_a_query_that_is_a_gallery_entry_too_is_one_triplet(tmp_path: Path) -> None:
    rows = [row('query', 'anna', 'a.jpg', name='q'), row('gallery', 'anna', 'a.jpg', name='g')]
    records, problems = find(tmp_path, [*rows, row('gallery', 'ben', 'b.jpg')])
    assert [(record['is_query'], record['is_gallery']) for record in records] == [(True, True), (False, True)]
    assert not any('twice' in problem.kind for problem in problems)
    records, problems = find(tmp_path, [row('test', 'anna', 'a.jpg'), row('query', 'anna', 'a.jpg')])
    assert [(record['is_query'], record['is_gallery']) for record in records] == [(True, True)]
    _, problems = find(
        tmp_path, [row('query', 'anna', 'a.jpg', camera='1'), row('gallery', 'anna', 'a.jpg', camera='2')]
    )
    assert ('a triplet listed twice with different facts', True) in {(p.kind, p.fatal) for p in problems}


# numbers
@pytest.mark.parametrize(
    'names, expected',
    [
        (['1', '2', '10'], [1, 2, 10]),
        (['1.0', '2.0', None], [1, 2, UNKNOWN]),  # as a table with gaps is exported
        (['1', '-1', 'nan', 'NaN', '', 'NA', '<NA>', 'None', 'null', '-1.0'], [1, *[UNKNOWN] * 9]),
        (['gate', 'nan', 'door', '-1'], [1, UNKNOWN, 0, UNKNOWN]),
        (['1', 'gate'], [0, 1]),
        (['1', '1.0', '01'], [1, 1, 1]),
        (['12345678901234', '5'], [0, 1]),  # too large for a number: names
        ([unicodedata.normalize('NFC', 'café'), unicodedata.normalize('NFD', 'café')], [0, 0]),
    ],
)
def test_cameras_as_tables_write_them(names: list[str | None], expected: list[int]) -> None:
    names = [name or None for name in names]
    numbers = number_names('camera', names)
    assert [numbers[name] for name in names] == expected


def test_other_negative_numbers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"column camera: expected names, or numbers from 0 \(-1 .*\), got '-2'"):
        find(tmp_path, [row('test', 'anna', 'a.jpg', camera='-2')])


@pytest.mark.parametrize('value', [-1, -1.0, float('nan'), None, 'nan', '-1', ''])
@pytest.mark.parametrize('name', ['list.csv', 'list.json'])
def test_unknown_cameras_in_files(tmp_path: Path, value: object, name: str) -> None:
    rows = [row('test', 'anna', 'a.jpg', camera=1.0), row('test', 'ben', 'b.jpg', camera=value)]
    records, _ = find(tmp_path, rows, name=name)
    assert [record['camera'] for record in records] == [1, UNKNOWN]


def test_identities_as_tables_write_them(tmp_path: Path) -> None:
    records, _ = find(tmp_path, [row('query', '1.0', 'a.jpg'), row('gallery', '1', 'b.jpg')])
    assert [record['identity'] for record in records] == ['1', '1']
    with pytest.raises(
        DataError, match="row 1: expected a split of .* and an identity, got split='query', identity='nan'"
    ):
        find(tmp_path, [row('query', 'nan', 'a.jpg')])


# other people's files
@pytest.mark.parametrize(
    'path', ['../private.jpg', 'pics/../../private.jpg', '{outside}/private.jpg', '/etc/passwd', '..']
)
def test_a_list_cannot_name_files_outside_the_data(tmp_path: Path, path: str) -> None:
    root = tmp_path / 'data'
    (root / 'pics').mkdir(parents=True)
    (tmp_path / 'private.jpg').write_bytes(b'private')
    rows = [
        row('test', 'anna', path.format(outside=tmp_path)),
        row('test', 'ben', 'pics/../b.jpg'),
        row('train', 'c', 'c.jpg'),
    ]
    records, problems = find(root, rows)
    assert [(problem.kind, problem.where, problem.fatal) for problem in problems if 'at all' not in problem.kind] == [
        ('a rgb path outside the data', 'list.csv, row 1', True)
    ]
    assert not any('private' in str(record['img_paths']) for record in records)
    with pytest.raises(
        DataError, match='1 of 2 test triplets have a rgb path outside the data, first: list.csv, row 1'
    ):
        OwnTriplets(data_root=str(root), list_file='list.csv', split='test').list_records()


def test_links_that_the_owner_made_are_followed(tmp_path: Path) -> None:
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'data').mkdir()
    (tmp_path / 'disk/a.jpg').write_bytes(b'a')
    (tmp_path / 'data/pics').symlink_to(tmp_path / 'disk')
    absolute = str(tmp_path / 'data/pics/a.jpg')
    records, problems = find(tmp_path / 'data', [row('test', 'anna', absolute)])
    assert records[0]['img_paths'][0] == absolute and not any(problem.fatal for problem in problems)


def test_accents_of_a_list_and_of_the_disk(tmp_path: Path) -> None:
    composed, split = (unicodedata.normalize(form, 'Zoë.jpg') for form in ('NFC', 'NFD'))
    (tmp_path / split).write_bytes(b'picture')
    (tmp_path / 'list.csv').write_text(f'split,identity,rgb\ntest,anna,{composed}\n', encoding='utf-8')
    records, problems = OwnTriplets(data_root=str(tmp_path), list_file='list.csv', split='test').find_split()
    assert records[0]['img_paths'][0] == str(tmp_path / split) and records[0]['name'] == composed
    assert not any(problem.fatal for problem in problems)


@pytest.mark.parametrize('separator', [';', '\t'])
def test_other_separators(tmp_path: Path, separator: str) -> None:
    (tmp_path / 'a.jpg').write_bytes(b'a')
    lines = [('split', 'identity ', ' rgb'), ('test', 'anna', 'a.jpg')]
    (tmp_path / 'list.csv').write_text('\n'.join(map(separator.join, lines)), encoding='utf-8-sig')
    assert len(OwnTriplets(data_root=str(tmp_path), list_file='list.csv', split='test').list_records()) == 1


@pytest.mark.parametrize('encoding', ['utf-16', 'utf-16-le', 'utf-16-be', 'cp1252'])
@pytest.mark.parametrize('name', ['list.csv', 'list.json'])
def test_other_encodings_are_named(tmp_path: Path, encoding: str, name: str) -> None:
    rows = [row('test', 'Zoë', 'a.jpg')]
    text = json.dumps(rows, ensure_ascii=False) if name == 'list.json' else 'split,identity,rgb\ntest,Zoë,a.jpg\n'
    (tmp_path / name).write_text(text, encoding=encoding)
    with pytest.raises(DataError, match=rf'{name}: .*save it as UTF-8'):
        OwnTriplets(data_root=str(tmp_path), list_file=name, split='test').list_records()


def test_texts_that_no_file_can_hold_are_mended(tmp_path: Path) -> None:
    records, _ = find(tmp_path, [row('test', 'anna', 'a.jpg', caption_rgb='A coat \ud800.')], name='list.json')
    assert records[0]['captions'] == ('A coat \ufffd.', None, None)
