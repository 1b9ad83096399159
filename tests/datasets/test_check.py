import json
import runpy
import sys

import cv2
import numpy as np
import pytest

from next_mm.datasets import RGBNT100, RGBNT201, MarketMM
from next_mm.datasets.check import check_datasets
from tests.datasets import trees


def check(root, **options):
    datasets = [RGBNT201(data_root=str(root), split=split, lazy_init=True, **options) for split in ('train', 'test')]
    return {
        (problem.kind, problem.where.replace(f'{root}/', ''), problem.fatal)
        for problem in check_datasets(datasets).problems
    }


def test_sound_data(tmp_path):
    assert check(trees.make_rgbnt201(tmp_path), captions_required=True) == set()


def test_everything_at_once(tmp_path):
    root = trees.make_rgbnt201(tmp_path, test=[31, 41])
    (root / 'train_171/NI/000007_cam2_0_01.jpg').unlink()
    (root / 'test/TI/000031_cam1_0_00.jpg').write_bytes(b'')
    broken = root / 'train_171/RGB/000030_cam1_0_00.jpg'
    broken.write_bytes(broken.read_bytes()[:-30])
    path = root / 'text/train_RGB.json'
    entries = json.loads(path.read_text())
    path.write_text(json.dumps([*entries[1:], entries[1], dict(item='extra.jpg', description='x'), {}]))
    (root / 'text/test_NI.json').write_text('{')
    assert check(root) == {
        ('no NI picture', 'train_171/NI/000007_cam2_0_01.jpg', True),
        ('an unreadable picture', 'test/TI/000031_cam1_0_00.jpg', True),
        ('an unreadable picture', 'train_171/RGB/000030_cam1_0_00.jpg', True),
        ('no caption', 'text/train_RGB.json: 000007_cam1_0_00.jpg', False),
        ('more than one caption', 'text/train_RGB.json: 000007_cam2_0_01.jpg', False),
        ('a caption without picture', 'text/train_RGB.json: extra.jpg', False),
        ('a caption entry that is left out', 'text/train_RGB.json: entry 13: "item" should be a text, got None', False),
        ('an unreadable caption file', 'text/test_NI.json', True),
        ('an identity in both train and test', '31', True),
    }


def test_no_captions_and_empty_split_and_one_identity(tmp_path):
    root = trees.make_rgbnt201(tmp_path, train=[7], test=[])
    for path in (root / 'text').iterdir():
        path.unlink()
    assert check(root, captions_required=True) == {
        ('one identity only', 'train_171', True),
        ('no pictures', 'test', True),
        ('no captions', 'text/train_RGB.json', True),
        ('no captions', 'text/test_RGB.json', True),
    }
    assert ('no captions', 'text/train_RGB.json', True) not in check(root, caption_dir=None, captions_required=True)


def test_one_caption_file_is_not_there(tmp_path):
    root = trees.make_rgbnt201(tmp_path)
    (root / 'text/train_TI.json').unlink()
    assert check(root) == {('no caption file', 'text/train_TI.json', False)}
    assert check(root, missing_modalities=('tir',)) == set()


def test_a_triplet_without_any_caption_is_said_so_once(tmp_path):
    root = trees.make_rgbnt201(tmp_path)
    for name, kept in (('RGB', slice(1, None)), ('NI', slice(2, None)), ('TI', slice(1, None))):
        path = root / f'text/train_{name}.json'
        path.write_text(json.dumps(json.loads(path.read_text())[kept]))
    problems = check_datasets([RGBNT201(data_root=str(root), lazy_init=True)]).problems
    assert [(problem.kind, problem.where, problem.detail, problem.fatal) for problem in problems] == [
        ('no caption in any modality', 'RGBNT201, train split: 000007_cam1_0_00.jpg', 'its text is empty', False),
        ('no caption', f'{root}/text/train_NI.json: 000007_cam2_0_01.jpg', 'another modality stands in', False),
    ]
    (root / 'text/train_TI.json').unlink()  # what it held is lost for the first triplet alone
    assert [problem.kind for problem in check_datasets([RGBNT201(data_root=str(root), lazy_init=True)]).problems] == [
        'no caption in any modality',
        'no caption',
        'no caption file',
    ]


def test_captions_that_training_would_not_find(tmp_path):
    root = trees.make_rgbnt201(tmp_path)
    datasets = [
        RGBNT201(data_root=str(root), caption_dir=None, split=split, lazy_init=True) for split in ('train', 'test')
    ]
    assert check_datasets(datasets).problems == []
    problems = check_datasets(datasets, captions_read=True).problems
    assert [(problem.kind, problem.where, problem.fatal) for problem in problems] == [
        ('no captions', f'RGBNT201, {split} split', True) for split in ('train', 'test')
    ]
    assert 'the model reads captions: name them in the dataset (caption_dir)' in problems[0].detail
    for name in trees.RGB_FOLDERS:
        (root / f'text/train_{name}.json').write_text('[]')  # there, but empty
    for options in (dict(captions_required=True), dict()):
        dataset = RGBNT201(data_root=str(root), lazy_init=True, **options)
        problems = check_datasets([dataset], captions_read=not options).problems
        assert [(problem.kind, problem.where, problem.fatal) for problem in problems] == [
            ('no captions', f'{root}/text/train_RGB.json', True)
        ]


def test_batch_size_that_is_no_multiple_of_k(tmp_path):
    dataset = RGBNT201(data_root=str(trees.make_rgbnt201(tmp_path)), lazy_init=True)
    with pytest.raises(
        ValueError, match='IdentityBatchSampler: batch_size=5 should be a positive multiple of num_instances=2'
    ):
        check_datasets([dataset], batch=(5, 2))


def test_composite_of_two_pictures(tmp_path):
    root = trees.make_rgbnt100(tmp_path)
    trees.write_picture(root / 'rgbir/query/0561_c0001_006.jpg', size=(128, 512))
    problems = check_datasets([RGBNT100(data_root=str(root), split='test', lazy_init=True)]).problems
    assert [(problem.kind, problem.fatal) for problem in problems] == [
        ('the name of another picture', False),
        ('an unreadable picture', True),
    ]  # the gallery still has the sound copy
    assert '512 x 128 (w x h) does not hold three pictures' in problems[1].detail


def test_query_that_the_gallery_cannot_answer(tmp_path):
    root = trees.make_market(tmp_path)
    for path in (root / 'gallery').rglob('0003_*'):
        path.unlink()
    problems = check_datasets([MarketMM(data_root=str(root), split='test', lazy_init=True)]).problems
    assert [(problem.kind, problem.where, problem.fatal) for problem in problems] == [
        ('a query identity that the gallery lacks', '3', False)
    ]


@pytest.mark.parametrize('sound', [True, False])
def test_tool_exits_non_zero_when_training_would_be_wrong(tmp_path, repo_dir, monkeypatch, capsys, sound):
    root = trees.make_rgbnt201(tmp_path)
    if not sound:
        for number in range(3):
            (root / f'train_171/TI/000007_cam{number + 1}_0_0{number}.jpg').unlink()
    options = [
        'model.num_classes=3',
        f'train_dataloader.batch_size={4 if sound else 8}',
        'train_dataloader.batch_sampler.num_instances=2',
    ]
    roots = [
        f'{loader}.dataset.data_root={root}' for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader')
    ]
    monkeypatch.chdir(repo_dir)
    tool = 'tools/check_dataset.py'
    monkeypatch.setattr(
        sys, 'argv', [tool, 'configs/next_rgbnt201.py', '--limit', '2', '--cfg-options', *roots, *options]
    )
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(tool, run_name='__main__')
    told = capsys.readouterr().out
    assert ended.value.code == (0 if sound else 1)
    if sound:
        assert '│ train │          3 │       12 │       12 │' in told and '│ query   │          2 │        8 │' in told
        assert told.endswith('0 errors, 0 notes: ready to train.\n')
    else:
        first = root / 'train_171/TI/000007_cam1_0_00.jpg'
        assert 'ERROR: no TI picture: 3\n' in told and 'and 1 more; --limit 0 lists all' in told
        assert f'  {first} (expected beside {str(first).replace("TI", "RGB")})\n' in told
        assert 'RGBNT201 (3 training identities, but a batch takes P = 4; lower' in told
        assert '4 errors, 0 notes: training would be wrong.' in told


def test_levels_of_the_pipeline_are_those_of_the_check_and_of_whoever_shows_pictures(tmp_path):
    root = trees.make_rgbnt201(tmp_path)
    for path in root.rglob('TI/*.jpg'):
        path.unlink()
        assert cv2.imwrite(str(path.with_suffix('.png')), np.full((32, 16), 8000, np.uint16))
    plain = RGBNT201(data_root=str(root), lazy_init=True)
    load = dict(type='LoadTriplet', levels=dict(tir=(7000, 9000)))
    scaled = RGBNT201(data_root=str(root), pipeline=[load], lazy_init=True)
    unreadable = [problem for problem in check_datasets([plain]).problems if problem.kind == 'an unreadable picture']
    assert len(unreadable) == 12 and 'more than 8 bits a channel' in unreadable[0].detail
    assert not any(problem.fatal for problem in check_datasets([scaled]).problems)
    record = scaled.layout.find_split()[0][0]
    assert (scaled.load.read(record['img_paths'], side_by_side=False)[2] == 128).all()
