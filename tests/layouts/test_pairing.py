"""Pictures of one triplet are found whatever their files and folders are called, or it is said why not."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import pytest

from next_mm.layouts import MSVR310, RGBNT201, WMVEID863, OwnTriplets, Problem
from next_mm.triplet import MODALITIES
from tests.datasets.trees import make_msvr310, make_rgbnt201, make_wmveid863, write_picture

FOLDERS = ('rgb', 'nir', 'tir')


def touch(root: Path, paths: Iterable[str]) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode())
    return root


def own(root: Path, split: str = 'train', **options: object) -> tuple[list[tuple[str | None, ...]], list[Problem]]:
    """List a split; paths are told relative to it."""
    records, problems = OwnTriplets(data_root=str(root), split=split, **options).find_split()
    told = [tuple(path and os.path.relpath(path, root / split) for path in record['img_paths']) for record in records]
    return told, problems


def names_of(*pictures: str) -> list[str]:
    """Paths of the pictures of one moment of two people, each given as ``folder/name``."""
    return [f'train/{person}/{picture}' for person in ('anna', 'ben') for picture in pictures]


@pytest.mark.parametrize(
    'pictures',
    [
        ('rgb/0.jpg', 'nir/0.jpg', 'tir/0.png'),  # another suffix
        ('rgb/0.JPG', 'nir/0.jpg', 'tir/0.Tiff'),  # another case of the suffix
        ('rgb/IMG_0.jpg', 'nir/img_0.jpg', 'tir/Img_0.jpg'),  # another case
        ('RGB/0.jpg', 'NIR/0.jpg', 'TIR/0.jpg'),  # another case of the folder
        ('rgb/0.jpg', 'ni/0.jpg', 'ti/0.jpg'),  # the names of datasets of persons
        ('vis/0.jpg', 'NI/0.jpg', 'th/0.jpg'),  # and of vehicles
        ('Visible/0.jpg', 'near_infrared/0.jpg', 'thermal/0.jpg'),
        ('rgb/0_rgb.jpg', 'nir/0_nir.jpg', 'tir/0_tir.jpg'),  # the modality in the name
        ('rgb/rgb-0.jpg', 'nir/ni-0.jpg', 'tir/thermal-0.jpg'),
        ('rgb/0_RGB_a.png', 'nir/0_NIR_a.jpg', 'tir/0_TIR_a.jpg'),
        ('0_rgb.jpg', '0_nir.jpg', '0_tir.jpg'),  # all in the identity's own folder
        ('vis 0.jpg', 'ni 0.jpg', 'th 0.png'),
    ],
)
def test_three_pictures_are_one_triplet(tmp_path: Path, pictures: tuple[str, ...]) -> None:
    told, problems = own(touch(tmp_path, names_of(*pictures)))
    assert problems == []
    assert told == [tuple(f'{person}/{picture}' for picture in pictures) for person in ('anna', 'ben')]


def test_accents_may_be_encoded_in_two_ways(tmp_path: Path) -> None:
    composed, split = (unicodedata.normalize(form, 'Zoë') for form in ('NFC', 'NFD'))
    touch(tmp_path, [f'train/{composed}/rgb/{composed}.jpg', f'train/{composed}/nir/{split}.jpg'])
    touch(tmp_path, [f'query/{composed}/rgb/1.jpg', f'gallery/{split}/rgb/2.jpg', 'train/ben/rgb/1.jpg'])
    records, _ = OwnTriplets(data_root=str(tmp_path)).find_split()
    assert [record['img_paths'].count(None) for record in records] == [1, 2] or len(records) == 2
    zoe = next(record for record in records if record['identity'] == composed)
    assert zoe['name'] == f'{composed}/{composed}.jpg' and zoe['img_paths'][1].endswith(f'{split}.jpg')
    records, _ = OwnTriplets(data_root=str(tmp_path), split='test').find_split()
    assert {record['identity'] for record in records} == {composed}  # one person, in query and gallery


def test_equal_names_win_over_similar_ones(tmp_path: Path) -> None:
    told, problems = own(touch(tmp_path, [*names_of(*(f'{m}/{n}' for m in FOLDERS for n in ('0.jpg', '0.png')))]))
    assert problems == [] and len(told) == 4
    assert all(len({Path(str(path)).name for path in paths}) == 1 for paths in told)


@pytest.mark.parametrize(
    'pictures, kind, where',
    [
        (('rgb/0.jpg', 'rgb/0.png', 'nir/0.jpg', 'tir/0.jpg'), 'several pictures of one name', 'rgb/0.png'),
        (('rgb/0.jpg', 'rgb/0.JPEG', 'nir/0.png'), 'several pictures of one name', 'rgb/0.jpg'),
        (('rgb/a.jpg', 'rgb/A.jpg', 'nir/a.png'), 'several pictures of one name', 'rgb/a.jpg'),
        (('rgb/0.jpg', 'nir/0.jpg', 'NIR/1.jpg', 'tir/0.jpg'), 'two folders of one modality', 'NIR'),
        (('rgb/0.jpg', 'tir/0.jpg', 'infra/0.jpg'), 'a folder that is no modality', 'infra'),
        (('rgb/0.jpg', 'nirr/0.jpg', 'tir/0.jpg'), 'a folder that is no modality', 'nirr'),
        (('rgb/0_rgb.jpg', 'rgb/0_nir.jpg', 'rgb/0_tir.jpg'), 'pictures of several modalities in one folder', 'rgb/0_'),
        (('rgb/0.jpg', 'rgb/nir_1.jpg', 'rgb/tir_1.jpg'), 'pictures of several modalities in one folder', 'rgb/tir_1'),
        (('0.jpg', '1.jpg'), 'a picture outside the folders of the modalities', '0.jpg'),
        (('rgb/0.jpg', 'nir/0.gif', 'tir/0.jpg'), 'a picture of a kind that is not read', 'nir/0.gif'),
        (('0_rgb.jpg', '0_nir.gif', '0_tir.jpg'), 'a picture of a kind that is not read', '0_nir.gif'),
        (('rgb/0.jpg', 'nir/0.jpg', 'nir/1.PGM', 'tir/0.npy'), 'a picture of a kind that is not read', 'nir/1.PGM'),
    ],
)
def test_what_cannot_be_paired_is_an_error(tmp_path: Path, pictures: tuple[str, ...], kind: str, where: str) -> None:
    _, problems = own(touch(tmp_path, names_of(*pictures)))
    found = [problem for problem in problems if problem.kind == kind]
    assert found and all(problem.fatal for problem in found)
    assert any(f'anna/{where}' in problem.where for problem in found)


def test_the_closest_modality_is_named(tmp_path: Path) -> None:
    _, problems = own(touch(tmp_path, names_of('rgb/0.jpg', 'nirr/0.jpg', 'tir/0.jpg')))
    assert problems[0].detail == "there is none for nir: rename it, or set missing_modalities; did you mean 'nir'?"


def test_the_closest_name_of_the_modality_that_lacks_is_named(tmp_path: Path) -> None:
    _, problems = own(touch(tmp_path, names_of('rgb/0.jpg', 'ir/0.jpg', 'tir/0.jpg')))
    assert problems[0].detail.endswith(
        "there is none for nir: rename it, or set missing_modalities; did you mean 'nir'?"
    )


def test_a_raw_picture_beside_the_one_that_is_read_is_left_alone(tmp_path: Path) -> None:
    told, problems = own(touch(tmp_path, names_of('rgb/0.jpg', 'nir/0.jpg', 'nir/0.npy', 'tir/0.png', 'tir/0_tir.raw')))
    assert len(told) == 2 and problems == []


def test_other_folders_do_not_matter_where_all_modalities_are_there(tmp_path: Path) -> None:
    told, problems = own(touch(tmp_path, names_of('rgb/0.jpg', 'nir/0.jpg', 'tir/0.jpg', 'masks/0.png', 'a.jpg')))
    assert len(told) == 2 and not any(problem.fatal for problem in problems)
    assert {problem.kind for problem in problems} == {'a picture outside the folders of the modalities'}
    told, problems = own(tmp_path, missing_modalities=('tir',))
    assert [paths[2] for paths in told] == [None, None]


@pytest.mark.parametrize('absent', MODALITIES)
def test_a_modality_without_any_picture_is_a_warning(tmp_path: Path, absent: str) -> None:
    touch(tmp_path, names_of(*(f'{modality}/0.jpg' for modality in MODALITIES if modality != absent)))
    _, problems = own(tmp_path)
    assert [(problem.kind, problem.fatal) for problem in problems] == [(f'no {absent} picture at all', False)]
    assert own(tmp_path, missing_modalities=(absent,))[1] == []


def test_droppings_of_a_system_are_no_pictures(tmp_path: Path) -> None:
    pictures = ('rgb/0.jpg', 'nir/0.jpg', 'tir/0.jpg')
    droppings = ('rgb/._0.jpg', 'rgb/.DS_Store', 'rgb/Thumbs.db', 'nir/.hidden.png', 'rgb/desktop.ini', '._rgb/0.jpg')
    touch(tmp_path, names_of(*pictures, *droppings))
    touch(
        tmp_path, ['train/__MACOSX/rgb/._0.jpg', 'train/.Trashes/rgb/0.jpg', 'train/@eaDir/rgb/0.jpg', 'train/._anna']
    )
    told, problems = own(tmp_path)
    assert len(told) == 2 and problems == []
    make_msvr310(tmp_path / 'msvr')
    folder = tmp_path / 'msvr/bounding_box_test'
    touch(folder, ['0038/vis/._0038_s000_v1_000.jpg', '__MACOSX/vis/._0038_s000_v1_000.jpg', '.DS_Store'])
    assert MSVR310(data_root=str(tmp_path / 'msvr'), split='test').find_split()[1] == []


def test_names_that_are_not_utf_8_are_refused_in_one_line(tmp_path: Path) -> None:
    for name in ('anna', 'ben'):
        raw = os.fsencode(tmp_path) + b'/train/' + '张'.encode('gbk') + name.encode() + b'/rgb'
        os.makedirs(raw)
        write_picture(tmp_path / 'x.png')
        os.rename(tmp_path / 'x.png', raw + b'/0.png')
    layout = OwnTriplets(data_root=str(tmp_path))
    with pytest.raises(
        ValueError, match=r'2 of 2 training triplets have a name that is not UTF-8, first: .*/\\xd5\\xc5anna/'
    ) as told:
        layout.list_records()
    assert str(told.value).encode('utf-8')


# the public datasets
def test_public_datasets_are_paired_likewise(tmp_path: Path) -> None:
    root = make_rgbnt201(tmp_path)
    expected = len(RGBNT201(data_root=str(root)).list_records())
    for path in (root / 'train_171/TI').iterdir():
        path.rename(path.with_suffix('.PNG'))
    (root / 'train_171/NI').rename(root / 'train_171/nir')
    records = RGBNT201(data_root=str(root)).list_records()
    assert len(records) == expected and not any(None in record['img_paths'] for record in records)
    assert all(record['name'].endswith('.jpg') for record in records)  # as the RGB picture is called


def test_wmveid863_as_released_is_refused_or_what_is_unsound_is_left_out(tmp_path: Path) -> None:
    root = make_wmveid863(tmp_path)
    for folder in ('vis', 'ni', 'th'):
        write_picture(root / 'train/0865' / folder / '0865_0865_vis_000.jpg')  # a stray name
        write_picture(root / 'query/0001' / folder / '0001_v7_n0_s001_000.jpg')  # an identity of the training split
        write_picture(root / 'test/0001' / folder / '0001_v2_n0_s001_000.jpg')
    (root / 'test/0300/th/0300_v1_n0_s000_000.jpg').unlink()
    damaged = root / 'train/0003/ni/0003_v2_n9_s000_022.jpg'
    for split, message in (('train', 'a name that cannot be read'), ('test', 'have no th picture')):
        with pytest.raises(ValueError, match=message):
            WMVEID863(data_root=str(root), split=split).list_records()
    options = dict(data_root=str(root), leave_out=('incomplete', 'unreadable'))
    records, problems = WMVEID863(**options).find_split()
    assert [record['identity'] for record in records] == [1, 3]
    assert [(problem.kind, problem.fatal) for problem in problems] == [('a name that cannot be read: left out', False)]
    records, problems = WMVEID863(**options, split='test').find_split()
    assert 300 not in {record['identity'] for record in records}
    assert [problem.kind for problem in problems] == ['no th picture: left out']
    damaged.write_bytes(damaged.read_bytes()[:-100])
    records, problems = WMVEID863(**options).find_split()
    assert [record['identity'] for record in records] == [1]
    assert ('an unreadable picture: left out', str(damaged)) in {(p.kind, p.where) for p in problems}
    assert WMVEID863.splits_share_identities


def test_nothing_may_be_left(tmp_path: Path) -> None:
    root = make_wmveid863(tmp_path)
    for path in root.rglob('th/*.jpg'):
        path.unlink()
    with pytest.raises(ValueError, match=r"leave_out=\('incomplete',\) leaves no triplet of the train split"):
        WMVEID863(data_root=str(root), leave_out=('incomplete',)).list_records()
    with pytest.raises(ValueError, match=r"WMVEID863.leave_out='damaged': expected one of 'incomplete', 'unreadable'"):
        WMVEID863(data_root=str(root), leave_out=('damaged',))
