import csv
import json
import re

import pytest

from next_mm.apis import load_config
from next_mm.datasets import OwnTriplets
from next_mm.errors import ConfigError, DataError
from next_mm.registry import DATASETS
from tests.datasets.trees import write_captions, write_picture

MODALITIES = ('rgb', 'nir', 'tir')


def column(dataset, key):
    return [dataset.get_data_info(index)[key] for index in range(len(dataset))]


def make_folders(root, parts=('train', 'query', 'gallery')):
    for number, part in enumerate(parts):
        for identity in ('anna', 'ben'):
            for modality in MODALITIES[: 2 if identity == 'ben' else 3]:  # ben has no thermal picture
                write_picture(root / part / identity / modality / f'gate3_{number}.jpg', seed=number)
    return root


def test_folders(tmp_path):
    root = make_folders(tmp_path)
    write_captions(root / 'text', 'train', ['anna/gate3_0.jpg'], modalities=('RGB',))
    train = OwnTriplets(data_root=str(root), camera_pattern=r'gate(\d+)')
    assert (
        column(train, 'identity') == ['anna', 'ben']
        and column(train, 'camera') == [3, 3]
        and column(train, 'scene') == [-1, -1]
    )
    assert column(train, 'img_paths')[1] == (
        *(str(root / f'train/ben/{modality}/gate3_0.jpg') for modality in MODALITIES[:2]),
        None,
    )
    assert column(train, 'captions')[0][0].startswith('A person') and column(train, 'captions')[1] == (None, None, None)
    test = OwnTriplets(data_root=str(root), split='test')
    assert column(test, 'is_query') == [True, True, False, False] == [not flag for flag in column(test, 'is_gallery')]
    with pytest.raises(ValueError, match='2 of 2 training triplets have a name that cannot be read'):
        OwnTriplets(data_root=str(root), camera_pattern=r'cam(\d+)')


def test_different_pictures_of_one_name_are_refused(tmp_path):
    for part in ('query', 'gallery'):
        for number, name in enumerate(('0000', '0001')):  # uncompressed: all of one size
            write_picture(tmp_path / part / 'anna' / 'rgb' / f'{name}.bmp', seed=number or len(part))
    one, two = (tmp_path / part / 'anna' / 'rgb' / '0000.bmp' for part in ('query', 'gallery'))
    assert one.stat().st_size == two.stat().st_size
    told = (
        f'1 of 4 test triplets have the name of another picture, first: {two} ({one} differs; captions are found '
        'by name, so give one'
    )
    with pytest.raises(DataError, match=re.escape(told)):
        OwnTriplets(data_root=str(tmp_path), split='test')
    write_picture(two, seed=1, size=(40, 20))  # of another size
    with pytest.raises(DataError, match=re.escape(told)):
        OwnTriplets(data_root=str(tmp_path), split='test')
    two.rename(two.with_name('0002.bmp'))
    test = OwnTriplets(data_root=str(tmp_path), split='test')
    assert column(test, 'name') == ['anna/0000.bmp', 'anna/0001.bmp', 'anna/0002.bmp']
    assert column(test, 'is_query') == [True, True, False] and column(test, 'is_gallery') == [False, True, True]


@pytest.mark.parametrize('option', ['camera_pattern', 'scene_pattern'])
@pytest.mark.parametrize(
    'pattern, message',
    [
        (r'c(\d+', r'expected a regular expression \(missing \), unterminated subpattern'),
        (3, 'expected a regular expression'),
        (r'\d+', 'expected an expression whose first group is the number, such as .*; it has no group'),
        ('', 'expected an expression whose first group is the number'),
    ],
)
def test_bad_patterns(tmp_path, option, pattern, message):
    with pytest.raises(ConfigError, match=f'OwnTriplets.{option}={re.escape(repr(pattern))}: {message}'):
        OwnTriplets(data_root=str(tmp_path), lazy_init=True, **{option: pattern})


@pytest.mark.parametrize('pattern', [r'(gate)', r'cam(\d+)', r'gate(x)?'])
def test_a_pattern_that_finds_no_number(tmp_path, pattern):
    with pytest.raises(
        DataError,
        match=r'2 of 2 training .* name that cannot be read, .* \(camera_pattern or scene_pattern finds no number',
    ):
        OwnTriplets(data_root=str(make_folders(tmp_path, ('train',))), camera_pattern=pattern)


def test_folders_with_one_test_part(tmp_path):
    test = OwnTriplets(data_root=str(make_folders(tmp_path, ('test',))), split='test')
    assert column(test, 'is_query') == [True, True] == column(test, 'is_gallery')


ROWS = [
    dict(split='train', identity='7', rgb='a.jpg', nir='b.jpg', tir='', camera='gate', caption_rgb='A red coat.'),
    dict(split='train', identity='8', rgb='c.jpg', nir='d.jpg', tir='e.jpg', camera='door', caption_rgb=''),
    dict(split='test', identity='9', rgb='f.jpg', nir='', tir='', camera='roof', caption_rgb=''),
]


def make_list(root, rows, name='list.csv'):
    for picture in 'abcdef':
        write_picture(root / f'{picture}.jpg')
    if name.endswith('.json'):
        (root / name).write_text(json.dumps(rows))
        return
    with (root / name).open('w', newline='') as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize('name', ['list.csv', 'list.json'])
def test_list(tmp_path, name):
    make_list(tmp_path, ROWS, name)
    train, test = (OwnTriplets(data_root=str(tmp_path), list_file=name, split=split) for split in ('train', 'test'))
    assert column(train, 'camera') == [1, 0] and column(test, 'camera') == [
        2
    ]  # numbered over the whole list: door, gate, roof
    assert column(train, 'name') == ['a.jpg', 'c.jpg'] and column(train, 'identity') == ['7', '8']
    assert column(train, 'captions') == [('A red coat.', None, None), (None, None, None)]
    assert column(train, 'img_paths')[0][2] is None and column(train, 'img_paths')[1][1] == str(tmp_path / 'd.jpg')
    assert column(test, 'is_query') == [True] == column(test, 'is_gallery')


def test_same_picture_in_query_and_gallery(tmp_path):
    make_list(tmp_path, [dict(split=part, identity='1', rgb='a.jpg') for part in ('query', 'gallery', 'gallery')])
    test = OwnTriplets(data_root=str(tmp_path), list_file='list.csv', split='test')
    assert column(test, 'is_query') == [True] == column(test, 'is_gallery')


def test_rows_of_one_name_show_one_picture(tmp_path):
    rows = [
        dict(split='train', identity='1', rgb=picture, name=name) for picture, name in (('a.jpg', 'x'), ('b.jpg', 'y'))
    ]
    make_list(tmp_path, [*rows, dict(rows[0], rgb='c.jpg'), dict(rows[0], identity='2', rgb='d.jpg', name='z')])
    with pytest.raises(
        DataError, match=r'1 of 4 training triplets have the name of another picture, first: .*c.jpg \(.*a.jpg differs;'
    ):
        OwnTriplets(data_root=str(tmp_path), list_file='list.csv')


def test_one_name_for_the_pictures_of_two_identities_is_refused(tmp_path):
    make_list(
        tmp_path,
        [
            dict(split='train', identity=identity, rgb=picture, name='x')
            for identity, picture in (('1', 'a.jpg'), ('2', 'b.jpg'))
        ],
    )
    with pytest.raises(
        DataError, match=r'1 of 2 training triplets have the name of another picture, first: .*b.jpg \(.*a.jpg differs;'
    ):
        OwnTriplets(data_root=str(tmp_path), list_file='list.csv')


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'cp1252', 'utf-16'])
@pytest.mark.parametrize('name', ['list.csv', 'list.json'])
def test_encodings_of_a_list(tmp_path, name, encoding):
    make_list(tmp_path, [dict(row, identity='Zoë ' + row['identity']) for row in ROWS], 'list.json')
    rows = json.loads((tmp_path / 'list.json').read_text())
    text = (
        json.dumps(rows, ensure_ascii=False)
        if name == 'list.json'
        else '\n'.join(','.join(row.values()) for row in (dict(zip(rows[0], rows[0])), *rows))
    )
    (tmp_path / name).write_text(text, encoding=encoding)
    if encoding.startswith('utf-8'):
        assert column(OwnTriplets(data_root=str(tmp_path), list_file=name), 'identity') == ['Zoë 7', 'Zoë 8']
    else:
        why = r'not UTF-8 text \(invalid .* at byte \d+\)' if encoding == 'cp1252' else 'UTF-16 text .*'
        with pytest.raises(DataError, match=rf'{name}: {why}; save it as UTF-8'):
            OwnTriplets(data_root=str(tmp_path), list_file=name)


@pytest.mark.parametrize(
    'change, message',
    [
        (
            dict(rgb='gone.jpg'),
            r'1 of 2 training triplets have no rgb picture, first: list.csv, row 1 \(expected .*gone.jpg; leave',
        ),
        (dict(rgb='', nir=''), r'have no picture, first: list.csv, row 1 \(expected a path under rgb, nir, tir\)'),
        (dict(split='dev'), r"list.csv, row 1: expected a split of .* and an identity, got split='dev'"),
        (dict(identity=''), r'row 1: expected a split of .* and an identity, got .*identity=None'),
    ],
)
def test_bad_rows(tmp_path, change, message):
    make_list(tmp_path, [{**ROWS[0], **change}, ROWS[1]])
    with pytest.raises(ValueError, match=message):
        OwnTriplets(data_root=str(tmp_path), list_file='list.csv')


def test_bad_lists(tmp_path):
    make_list(tmp_path, [{**ROWS[0], 'captoin_rgb': 'x'}])
    for name, content, message in (
        ('list.csv', None, "unknown column 'captoin_rgb'; did you mean 'caption_rgb'?"),
        ('a.csv', 'split,identity,rgb\ntrain,1\n', 'a.csv, row 1: expected 3 cells'),
        ('b.csv', 'identity,rgb\n1,a.jpg\n', "b.csv, row 1: no column 'split'"),
        ('c.csv', 'split,identity\n', 'c.csv: the list is empty'),
        ('d.json', '[{', 'd.json: not a readable JSON file'),
        ('e.json', '{}', 'e.json: expected a list of objects'),
        (
            'h.csv',
            'split,identity,rgb\ntrain,1,"a.jpg\n' + 'x' * csv.field_size_limit(),
            'h.csv: not a readable CSV file .field larger',
        ),
        ('f.txt', '', "f.txt: expected a .csv or .json list, got '.txt'"),
    ):
        if content is not None:
            (tmp_path / name).write_text(content)
        with pytest.raises(ValueError, match=message.replace('?', r'\?')):
            OwnTriplets(data_root=str(tmp_path), list_file=name)
    with pytest.raises(FileNotFoundError, match='g.csv: no such list'):
        OwnTriplets(data_root=str(tmp_path), list_file='g.csv')
    with pytest.raises(ValueError, match='a list has columns camera and scene'):
        OwnTriplets(data_root=str(tmp_path), list_file='a.csv', camera_pattern='x')


def test_the_config_of_the_docs_lists_own_data(tmp_path, repo_dir):
    blocks = (repo_dir / 'docs/data.md').read_text().split('```')
    config_text = next(block for block in blocks if block.startswith('python\n# configs/own.py')).removeprefix(
        'python\n'
    )
    table = next(block for block in blocks if block.startswith('\nsplit,identity')).strip()
    root = tmp_path / 'own'
    for name in ('1', '1n', '1t', '2', '2t', '3', '3n', '4'):
        write_picture(root / f'pics/{name}.jpg')
    (root / 'list.csv').write_text(table + '\ntrain,dora,pics/4.jpg,,,gate,,\n')
    config_text = config_text.replace("'_base_/", f"'{repo_dir}/configs/_base_/").replace("'data/own'", f"'{root}'")
    (tmp_path / 'own.py').write_text(config_text)
    config = load_config(tmp_path / 'own.py')
    assert config.val_evaluator.exclude == config.test_evaluator.exclude == 'itself'
    train, test = (DATASETS.build(config[loader].dataset) for loader in ('train_dataloader', 'test_dataloader'))
    assert column(train, 'identity') == ['anna', 'dora'] and column(test, 'is_query') == [True, False]
    assert train[0]['inputs'].shape == test[1]['inputs'].shape == (3, 3, 256, 128)
    assert test[1]['data_samples'].present.tolist() == [True, True, False]
