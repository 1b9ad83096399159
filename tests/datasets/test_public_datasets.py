import json

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from next_mm.datasets import MSVR310, RGBNT100, RGBNT201, WMVEID863, MarketMM
from next_mm.datasets.seeding import SeededIndex
from next_mm.errors import ConfigError
from tests.datasets import trees


def records(dataset):
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def column(dataset, key):
    return [record[key] for record in records(dataset)]


def test_rgbnt201(tmp_path, caplog_mm):
    root = trees.make_rgbnt201(
        tmp_path / 'train data'
    )  # a root with "train" in it: the split is not guessed from paths
    train, test = (RGBNT201(data_root=str(root), split=split, captions_required=True) for split in ('train', 'test'))
    assert len(train) == 12 and train.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert sorted(set(column(train, 'identity'))) == [7, 30, 31] and column(train, 'camera') == [1, 2, 3, 4] * 3
    first = records(train)[0]
    assert first['img_paths'] == tuple(
        str(root / 'train_171' / folder / '000007_cam1_0_00.jpg') for folder in ('RGB', 'NI', 'TI')
    )
    assert first['captions'][1] == 'A person seen in NI. The coat of 000007_cam1_0_00.jpg is red. There is a bag.'
    assert (
        not any(column(train, 'is_query'))
        and train.metainfo['num_identities'] == 3
        and train.metainfo['cameras'] == [1, 2, 3, 4]
    )
    assert len(test) == 8 and all(column(test, 'is_query')) and all(column(test, 'is_gallery'))
    assert records(test)[0]['captions'][0].startswith('A person seen in RGB')
    assert (
        '│ train │          3 │       12 │       12 │       4 │      - │             12 / 12 / 12 │       36 │'
        in caplog_mm.text
    )


def test_market(tmp_path):
    root = trees.make_market(tmp_path)
    test = MarketMM(data_root=str(root), split='test')
    assert column(test, 'identity') == [1, 3, 0, 1, 3]  # junk is gone, the distractor stays
    assert column(test, 'is_query') == [True, True, False, False, False]
    assert column(test, 'is_gallery') == [False, False, True, True, True]
    assert column(test, 'camera') == [1, 2, 1, 2, 1] and column(test, 'scene') == [1, 3, 1, 1, 3]
    assert len(MarketMM(data_root=str(root))) == 4


def test_msvr310_lists_a_picture_in_query_and_gallery_once(tmp_path):
    root = trees.make_msvr310(tmp_path)
    test = MSVR310(data_root=str(root), split='test')
    names = ['0038_s014_v7_003.jpg', '0041_s000_v2_000.jpg', '0038_s000_v1_000.jpg', '0041_s001_v2_000.jpg']
    assert column(test, 'name') == names
    assert column(test, 'is_query') == [True, True, False, False] and all(column(test, 'is_gallery'))
    assert column(test, 'scene') == [14, 0, 0, 1] and column(test, 'camera') == [7, 2, 1, 2]
    assert 'query3' in records(test)[0]['img_paths'][0]
    trees.write_picture(root / 'query3/0038/ni/0038_s014_v7_003.jpg', seed=99)  # another picture of the same name
    test = MSVR310(data_root=str(root), split='test')
    assert len(test) == 5 and column(test, 'is_gallery') == [False, True, True, True, True]
    assert [(problem.kind, problem.fatal) for problem in test.layout.find_split()[1]] == [
        ('the name of another picture', False)
    ]


def test_wmveid863(tmp_path):
    test = WMVEID863(data_root=str(trees.make_wmveid863(tmp_path)), split='test')
    assert column(test, 'identity') == [258, 258, 300] and column(test, 'camera') == [2, 3, 1]
    assert records(test)[0]['img_paths'][2].endswith('query/0258/th/0258_v2_n9_s000_022.jpg')


def test_rgbnt100(tmp_path):
    dataset = RGBNT100(data_root=str(trees.make_rgbnt100(tmp_path)), split='test', pipeline=[dict(type='LoadTriplet')])
    assert column(dataset, 'identity') == [561, 561, 562] and column(dataset, 'is_query') == [True, False, False]
    assert [image.shape for image in dataset[0]['imgs']] == [(16, 32, 3)] * 3
    without = RGBNT100(data_root=str(tmp_path), missing_modalities=('rgb',), pipeline=[dict(type='LoadTriplet')])
    assert without[0]['imgs'][0] is None and without[0]['imgs'][1].shape == (16, 32, 3)


def test_labels_follow_sorted_identities_and_indices(tmp_path):
    many = RGBNT201(data_root=str(trees.make_rgbnt201(tmp_path / 'many', train=[129, 7, 64, 30], per_identity=1)))
    assert dict(zip(column(many, 'identity'), many.labels.tolist())) == {
        7: 0,
        30: 1,
        64: 2,
        129: 3,
    }  # a set has another order
    root = trees.make_rgbnt201(tmp_path)
    assert RGBNT201(data_root=str(root), indices=6).labels.tolist() == [0, 0, 0, 0, 1, 1]
    assert RGBNT201(data_root=str(root), indices=[11, 0]).labels.tolist() == [2, 0]
    assert RGBNT201(data_root=str(root), indices=-2).labels.tolist() == [2, 2]


def test_missing_modalities_by_option(tmp_path):
    root = trees.make_rgbnt201(tmp_path)
    for folder in ('train_171/NI', 'train_171/TI'):
        for path in (root / folder).iterdir():
            path.unlink()
    dataset = RGBNT201(data_root=str(root), missing_modalities=('nir', 'tir'))
    record = records(dataset)[0]
    assert record['img_paths'][1:] == (None, None) and record['captions'][0] and record['captions'][1:] == (None, None)
    with pytest.raises(
        ValueError, match=r"RGBNT201.missing_modalities=\('nri',\): expected at most two of rgb, nir, tir"
    ):
        RGBNT201(data_root=str(root), missing_modalities=('nri',))
    with pytest.raises(ValueError, match='at most two'):
        RGBNT201(data_root=str(root), missing_modalities=('rgb', 'nir', 'tir'))


# what can be wrong
def test_missing_picture(tmp_path):
    root = trees.make_rgbnt201(tmp_path)
    for name in ('000007_cam2_0_01.jpg', '000030_cam1_0_00.jpg'):
        (root / 'train_171/TI' / name).unlink()
    with pytest.raises(
        ValueError,
        match=(
            r'RGBNT201: 2 of 12 training triplets have no TI picture, first: .*train_171/TI/000007_cam2_0_01.jpg '
            r'\(expected beside .*RGB/000007_cam2_0_01.jpg\). Run tools/check_dataset.py for the list.'
        ),
    ):
        RGBNT201(data_root=str(root))


def test_empty_split(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=(
            'RGBNT201: the train split is empty: no pictures in .*/train_171 .expected names like 000030_cam1_1_12.jpg'
        ),
    ):
        RGBNT201(data_root=str(tmp_path))
    trees.make_market(tmp_path)
    for path in (tmp_path / 'query').rglob('*.jpg'):
        path.unlink()
    with pytest.raises(FileNotFoundError, match='MarketMM: the test split is empty: no pictures in .*/query'):
        MarketMM(data_root=str(tmp_path), split='test')


def test_one_identity(tmp_path):
    with pytest.raises(ValueError, match=r'RGBNT201: all 4 training triplets show one identity \(7\)'):
        RGBNT201(data_root=str(trees.make_rgbnt201(tmp_path, train=[7])))


def test_unreadable_names(tmp_path):
    root = trees.make_rgbnt201(tmp_path)
    trees.write_triplets(root / 'train_171', ['me.jpg'])
    (root / 'train_171/RGB/Thumbs.db').touch()
    with pytest.raises(
        ValueError, match='RGBNT201: 1 of 13 training triplets have a name that cannot be read, first: .*me.jpg'
    ):
        RGBNT201(data_root=str(root))
    root = trees.make_msvr310(tmp_path / 'vehicles')
    trees.write_triplets(root / 'query3/0038', ['0041_s000_v2_000.jpg'], folders=trees.VEHICLE_FOLDERS)
    with pytest.raises(ValueError, match='names of another identity, first: .*expected identity 0038'):
        MSVR310(data_root=str(root), split='test')


def test_fewer_pictures_than_a_batch(tmp_path):
    config = dict(
        batch_size=64,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=True),
        batch_sampler=dict(type='IdentityBatchSampler', num_instances=32),
        dataset=dict(type='RGBNT201', data_root=str(trees.make_rgbnt201(tmp_path))),
    )
    with pytest.raises(ValueError, match='RGBNT201: 12 training triplets, fewer than one batch of P x K = 2 x 32'):
        Runner.build_dataloader(config, seed=0)


def test_bad_options(tmp_path):
    with pytest.raises(ValueError, match="RGBNT201.split='val': expected one of 'train', 'test'"):
        RGBNT201(data_root=str(tmp_path), split='val')
    with pytest.raises(ValueError, match='RGBNT201.caption_quality=70: expected a number from 0 to 1'):
        RGBNT201(data_root=str(tmp_path), caption_quality=70)
    with pytest.raises(TypeError, match='missing_modalitys'):
        RGBNT201(data_root=str(tmp_path), missing_modalitys=())


# captions
def test_no_captions(tmp_path):
    root = trees.make_market(tmp_path)
    with pytest.raises(
        FileNotFoundError,
        match=(
            r'MarketMM: no captions for the train split, expected .*/text/train_\{RGB,NI,TI\}.json. Make them with '
            r'tools/generate_captions.py .* or train without text: model.text=None and caption_dir=None'
        ),
    ):
        MarketMM(data_root=str(root), captions_required=True)
    assert column(MarketMM(data_root=str(root), captions_required=True, caption_dir=None), 'captions') == [None] * 4
    assert column(MarketMM(data_root=str(root)), 'captions') == [None] * 4


def test_messy_captions(tmp_path, caplog_mm):
    root = trees.make_rgbnt201(tmp_path)
    path = root / 'text/train_TI.json'
    entries = json.loads(path.read_text())
    entries = entries[2:] + [
        dict(item='0865_0865_vis_000.jpg', description='Nobody.'),
        entries[5],
        dict(item=3, description='x'),
    ]
    path.write_text(json.dumps(entries))
    dataset = RGBNT201(data_root=str(root), pipeline=[dict(type='SampleSentences', num_subsets=1, keep_prob=1.0)])
    assert records(dataset)[0]['captions'][2] is None
    assert dataset[0]['sentences'][0][2] == dataset[0]['sentences'][0][0] and dataset[0]['has_text'].all()
    assert caplog_mm.count('RGBNT201: 2 of 12 train triplets have no TI caption, first: 000007_cam1_0_00.jpg') == 1
    assert caplog_mm.count('Another modality stands in for 2, 0 have no text.') == 1
    assert (
        caplog_mm.count(
            '1 for pictures that are not there; 1 more than once, the first is kept; 1 left out, first: entry 12'
        )
        == 1
    )
    path.unlink()
    RGBNT201(data_root=str(root))
    assert (
        caplog_mm.count('12 of 12 train triplets have no TI caption') == 1
        and caplog_mm.count('which does not exist') == 1
    )


def test_wrong_captions(tmp_path):
    root = trees.make_rgbnt201(tmp_path)
    trees.write_captions(root / 'text', 'train', ['other.jpg'])
    with pytest.raises(
        ValueError, match=r'RGBNT201: none of the 1 captions in .*train_RGB.json belongs .*other.jpg, the first'
    ):
        RGBNT201(data_root=str(root))
    (root / 'text/train_NI.json').write_text('[{')
    with pytest.raises(ValueError, match='train_NI.json: not a readable JSON file'):
        RGBNT201(data_root=str(root))


def test_caption_quality_is_reproducible(tmp_path):
    root = str(trees.make_rgbnt201(tmp_path))
    whole, half, again = (RGBNT201(data_root=root, caption_quality=quality) for quality in (1.0, 0.5, 0.5))
    assert column(half, 'captions') == column(again, 'captions') != column(whole, 'captions')


# loading
@pytest.mark.parametrize('value', ['no', 7, [True]])
def test_what_is_synthetic_is_said_by_true_or_false(tmp_path, value):
    with pytest.raises(ConfigError, match=r'RGBNT201.metainfo.synthetic=.*: expected True or False'):
        RGBNT201(data_root=str(tmp_path), metainfo=dict(synthetic=value), lazy_init=True)


@pytest.mark.parametrize('name', ['rgbnt201', 'msvr310', 'rgbnt100', 'wmveid863', 'market_mm', 'synthetic'])
def test_base_configs_load(tmp_path, repo_dir, name):
    make = dict(
        synthetic=trees.make_rgbnt201,
        rgbnt201=trees.make_rgbnt201,
        msvr310=trees.make_msvr310,
        rgbnt100=trees.make_rgbnt100,
        wmveid863=trees.make_wmveid863,
        market_mm=trees.make_market,
    )[name]
    root = str(make(tmp_path))
    config = Config.fromfile(repo_dir / f'configs/_base_/datasets/{name}.py')
    assert config.val_evaluator.exclude == f'same {"scene" if name == "msvr310" else "camera"}'
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.update(data_root=root, captions_required=False)
        loader.update(num_workers=0, persistent_workers=False, pin_memory=False)
    config.train_dataloader.update(batch_size=2)
    config.train_dataloader.batch_sampler.update(num_instances=2)
    for loader in (config.train_dataloader, config.test_dataloader):
        height, width = next(step.size for step in loader.dataset.pipeline if step.type == 'ResizeTriplet')
        batch = next(iter(Runner.build_dataloader(loader, seed=0)))
        assert batch['inputs'].shape[1:] == (3, 3, height, width)
        tokens = [sample.get('tokens') for sample in batch['data_samples']]
        subsets = 3 if loader is config.train_dataloader else 1
        assert (
            all(token.shape == (subsets, 3, 77) for token in tokens)
            if 'rgbnt201' in name or name == 'synthetic'
            else not any(tokens)
        )


def loader_config(root, workers, **more):
    return dict(
        batch_size=4,
        num_workers=workers,
        collate_fn=dict(type='collate_triplets'),
        sampler=dict(type='DefaultSampler', shuffle=True),
        batch_sampler=dict(type='IdentityBatchSampler', num_instances=2),
        dataset=dict(
            type='RGBNT201',
            data_root=str(root),
            **more,
            pipeline=[
                dict(type='LoadTriplet'),
                dict(type='ResizeTriplet', size=(24, 12)),
                dict(type='FlipTriplet'),
                dict(type='PadCropTriplet', padding=3),
                dict(type='EraseTriplet'),
                dict(type='SampleSentences'),
                dict(type='TokenizeCaptions'),
                dict(type='PackTriplet'),
            ],
        ),
    )


def run(config):
    return [
        (batch['inputs'], np.stack([sample.tokens for sample in batch['data_samples']]))
        for batch in Runner.build_dataloader(config, seed=3)
    ]


def test_samples_do_not_depend_on_workers_or_global_state(tmp_path):
    root = trees.make_rgbnt201(tmp_path)
    alone = run(loader_config(root, 0))
    np.random.rand(17)
    workers = run(loader_config(root, 2))
    assert len(alone) == len(workers) == 3
    for (images, tokens), (others, other_tokens) in zip(alone, workers):
        assert images.equal(others)
        np.testing.assert_array_equal(tokens, other_tokens)
    dataset = RGBNT201(data_root=str(root), pipeline=loader_config(root, 0)['dataset']['pipeline'])
    assert dataset[SeededIndex(3, 1)]['inputs'].equal(dataset[SeededIndex(3, 1)]['inputs'])
    assert not dataset[SeededIndex(3, 1)]['inputs'].equal(dataset[SeededIndex(3, 2)]['inputs'])


def test_damaged_picture_stops_the_loader_and_is_named(tmp_path):
    root = trees.make_rgbnt201(tmp_path)
    path = root / 'train_171/NI/000030_cam1_0_00.jpg'
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r'NI/000030_cam1_0_00.jpg: the picture is truncated or damaged'):
        run(loader_config(root, 1))


@pytest.mark.parametrize(
    'name, counts',
    [('RGBNT201', dict(train=(3951, 171), test=(836, 30))), ('MSVR310', dict(train=(1032, 155), test=(1055, 155)))],
)
def test_real_names_and_captions(tmp_path, shared_dir, caplog_mm, name, counts):
    captions = shared_dir / 'data/captions/NEXT' / name
    dataset_class = dict(RGBNT201=RGBNT201, MSVR310=MSVR310)[name]
    for split, parts in (('train', ['train']), ('test', ['query', 'gallery'] if name == 'MSVR310' else ['test'])):
        items = trees.read_items(captions / f'{split}_RGB.json')
        for part in parts:
            chosen = [item for item in items if part != 'query' or item.endswith('_000.jpg')]
            trees.touch_pictures(
                tmp_path / dataset_class.layout_class.parts[part],
                chosen,
                dataset_class.layout_class.folders,
                by_identity=dataset_class.layout_class.by_identity,
            )
    for split, (triplets, identities) in counts.items():
        dataset = dataset_class(data_root=str(tmp_path), split=split, caption_dir=str(captions), captions_required=True)
        assert (len(dataset), dataset.metainfo['num_identities']) == (triplets, identities)
        assert all(None not in triple for triple in column(dataset, 'captions')) and all(
            column(dataset, 'is_gallery')
        ) == (split == 'test')
    assert 'no RGB caption' not in caplog_mm.text and 'not there' not in caplog_mm.text
