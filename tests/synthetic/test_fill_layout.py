"""The layouts of the public datasets, filled and loaded; at real scale where the released captions are at hand."""

import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import pytest
import torch
from mmengine.config import Config

from next_mm.captions import write_captions
from next_mm.datasets import MSVR310, RGBNT100, RGBNT201, WMVEID863, MarketMM
from next_mm.errors import DataError
from next_mm.evaluation import Exclude, check_protocol
from next_mm.registry import METRICS
from projects.synthetic.fill_layout import fill_layout
from projects.synthetic.layouts import LAYOUTS, caption_names, made_up_names
from tests.datasets.trees import RGB_FOLDERS, touch_pictures

CLASSES = dict(rgbnt201=RGBNT201, market_mm=MarketMM, msvr310=MSVR310, rgbnt100=RGBNT100, wmveid863=WMVEID863)
REAL = dict(
    rgbnt201=dict(train=(171, 3951), gallery=(30, 836)),
    market_mm=dict(train=(751, 12936), query=(750, 3368), gallery=(752, 19732)),
    msvr310=dict(train=(155, 1032), query=(None, 591), gallery=(155, 1055)),
    rgbnt100=dict(train=(50, 8675), query=(50, 1715), gallery=(50, 8575)),
    wmveid863=dict(train=(603, 3482), query=(None, 959), gallery=(260, 1226)),
)

# What the registered classes make of it: training identities and triplets, queries, gallery entries without
# junk; test identities.
LISTED = dict(
    rgbnt201=(171, 3951, 836, 836),
    market_mm=(751, 12936, 3368, 15913),
    msvr310=(155, 1032, 591, 1055),
    rgbnt100=(50, 8675, 1715, 8575),
    wmveid863=(603, 3482, 959, 1226),
)
IDENTITIES = dict(rgbnt201=30, market_mm=750, msvr310=155, rgbnt100=50, wmveid863=260)


def load(name, root, split):
    return CLASSES[name](data_root=str(root), split=split, captions_required=True)


@pytest.mark.parametrize('name', sorted(LAYOUTS))
def test_made_up_names_at_the_real_counts(name):
    parts = made_up_names(LAYOUTS[name])
    facts = {part: [LAYOUTS[name].base.read_name(item) for item in items] for part, items in parts.items()}
    assert all(match for matches in facts.values() for match in matches)
    for part, (identities, triplets) in REAL[name].items():
        assert len(set(parts[part])) == len(parts[part]) == triplets, part
        assert identities is None or len({match['identity'] for match in facts[part]}) == identities
    people = {part: {match['identity'] for match in matches} for part, matches in facts.items()}
    assert not people['train'] & people['gallery']


@pytest.fixture
def quick_folder(tmp_path):
    """A folder in memory, where the system has one: a hundred thousand files may take a disk minutes."""
    memory = '/dev/shm'
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


@pytest.mark.parametrize('name', sorted(LAYOUTS))
def test_real_scale_is_listed_and_evaluated_under_its_rule(name, quick_folder, repo_dir):
    layout = LAYOUTS[name]
    for part, names in made_up_names(layout).items():
        folders = [''] if layout.base.side_by_side else layout.base.folders
        touch_pictures(quick_folder / layout.folder(part), names, folders, by_identity=layout.base.by_identity)
    train, test = (CLASSES[name](data_root=str(quick_folder), split=split) for split in ('train', 'test'))
    records = [test.get_data_info(index) for index in range(len(test))]
    listed = {part: [record['identity'] for record in records if record[f'is_{part}']] for part in ('query', 'gallery')}
    assert (train.metainfo['num_identities'], len(train), *map(len, listed.values())) == LISTED[name]
    assert len(set(listed['gallery']) - {0}) == IDENTITIES[name]

    evaluator = Config.fromfile(repo_dir / f'configs/next_{name}.py').test_evaluator
    check_protocol(records, Exclude(evaluator.exclude))
    metric = METRICS.build(evaluator)
    of_identity = defaultdict(lambda: torch.randn(16))  # one identity, one feature: all is found
    metric.process(None, [{**record, 'feature': of_identity[record['identity']]} for record in records])
    assert metric.evaluate(len(records)) == pytest.approx(dict.fromkeys(metric.metric_names, 100.0))


@pytest.mark.parametrize('name', sorted(LAYOUTS))
def test_every_layout_loads(name, tmp_path):
    counts = fill_layout(name, tmp_path / 'data', size=(32, 16), limit=6, workers=1)
    train, test = load(name, tmp_path / 'data', 'train'), load(name, tmp_path / 'data', 'test')
    assert len(train) == counts['train'] == 6
    assert sum(test.get_data_info(index)['is_gallery'] for index in range(len(test))) == counts['gallery']
    queries = [test.get_data_info(index)['is_query'] for index in range(len(test))]
    assert sum(queries) == counts.get('query', len(test))
    record = train.get_data_info(0)
    assert all(record['captions'])
    picture = cv2.imread(record['img_paths'][0])
    assert picture.shape == ((32, 48, 3) if name == 'rgbnt100' else (32, 16, 3))
    assert 'Synthetic' in (tmp_path / 'data' / 'SYNTHETIC.txt').read_text()


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / 'real.jpg').write_bytes(b'real')
    with pytest.raises(FileExistsError, match='is not empty'):
        fill_layout('rgbnt201', tmp_path)


@pytest.mark.parametrize(
    'outside',
    [
        '{elsewhere}/0258_v4_n9_s000_024.jpg',
        '../../elsewhere/0258_v3_n9_s000_023.jpg',
        '..\\0258_v3_n9_s000_023.jpg',
        'a/0258_v3_n9_s000_023.jpg',
        '0258_v3_n9_s000_0\0.jpg',
    ],
)
def test_a_caption_file_cannot_name_files_outside(tmp_path, outside):
    elsewhere = tmp_path / 'elsewhere'
    elsewhere.mkdir()
    item = outside.format(elsewhere=elsewhere)
    for split in ('train', 'test'):
        for modality in RGB_FOLDERS:
            write_captions(
                tmp_path / 'captions' / f'{split}_{modality}.json',
                [('0258_v2_n9_s000_022.jpg', 'A car.'), (item, 'A car.')],
            )
    with pytest.raises(DataError, match='is not a name of this dataset'):
        fill_layout('wmveid863', tmp_path / 'out', captions=tmp_path / 'captions', size=(16, 32), workers=1)
    assert not list(elsewhere.iterdir()) and not (tmp_path / 'out').exists()


def test_names_of_another_dataset_are_refused(tmp_path):
    fill_layout('wmveid863', tmp_path / 'vehicles', size=(16, 32), limit=2, workers=1)
    with pytest.raises(ValueError, match='is not a name of this dataset, whose names look like 000030_cam'):
        caption_names(LAYOUTS['rgbnt201'], tmp_path / 'vehicles' / 'text')


@pytest.mark.real_size
@pytest.mark.parametrize(('name', 'folder'), [('rgbnt201', 'RGBNT201'), ('msvr310', 'MSVR310')])
def test_real_scale_with_the_released_captions(name, folder, tmp_path, shared_dir, repo_dir):
    released = shared_dir / 'data' / 'captions' / 'NEXT' / folder
    command = [
        sys.executable,
        '-m',
        'projects.synthetic.fill_layout',
        name,
        '--captions',
        released,
        '--out',
        tmp_path / 'data',
        '--size',
        '16',
        '8',
        '--workers',
        '2',
    ]
    subprocess.run([str(part) for part in command], cwd=repo_dir, check=True, capture_output=True)
    train, test = load(name, tmp_path / 'data', 'train'), load(name, tmp_path / 'data', 'test')
    identities, triplets = REAL[name]['train']
    assert (train.metainfo['num_identities'], len(train)) == (identities, triplets)
    assert len(test) == REAL[name]['gallery'][1]
    if 'query' in REAL[name]:
        assert sum(test.get_data_info(index)['is_query'] for index in range(len(test))) == REAL[name]['query'][1]
    assert sum(all(train.get_data_info(index)['captions']) for index in range(0, len(train), 100)) == len(
        range(0, len(train), 100)
    )
