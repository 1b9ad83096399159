import numpy as np
import pytest
from mmengine.runner import Runner

from next_mm.datasets import RGBNT201
from next_mm.datasets.picture_cache import CachedPictures
from tests.datasets import trees

LOAD = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(24, 12))]
TAIL = [dict(type='FlipTriplet'), dict(type='EraseTriplet'), dict(type='PackTriplet')]
GIB_OF_A_SLOT = (8 + 3 * 24 * 12 * 3) / 2**30


def loader(root, cache_gib, workers, start='fork'):
    return Runner.build_dataloader(
        dict(
            batch_size=4,
            num_workers=workers,
            persistent_workers=workers > 0,
            sampler=dict(type='DefaultSampler', shuffle=True),
            **(dict(multiprocessing_context=start) if workers else {}),
            batch_sampler=dict(type='IdentityBatchSampler', num_instances=2),
            dataset=dict(
                type='RGBNT201',
                data_root=str(root),
                cache_gib=cache_gib,
                missing_modalities=('nir',),
                pipeline=LOAD + TAIL,
            ),
        ),
        seed=0,
    )


def epochs(loader):
    batches = []
    for epoch in range(3):
        loader.batch_sampler.sampler.set_epoch(epoch)
        batches += [picture for batch in loader for picture in batch['inputs']]
    return batches


@pytest.mark.parametrize('workers, start', [(0, 'fork'), (2, 'fork'), (1, 'spawn')])
def test_cache_changes_nothing(tmp_path, workers, start):
    root = trees.make_rgbnt201(tmp_path)
    plain, cached = (
        epochs(loader(root, 0, 0)),
        epochs(loader(root, 5.5 * GIB_OF_A_SLOT, workers, start)),
    )  # five of twelve fit
    assert len(plain) == len(cached) > 12
    assert all(one.equal(two) for one, two in zip(plain, cached))


def test_workers_share_what_one_of_them_decoded(tmp_path):
    root = trees.make_rgbnt201(tmp_path)
    shared = loader(root, 1, 2)
    before = epochs(shared)
    for path in (root / 'train_171').rglob('*.jpg'):
        path.unlink()
    assert all(one.equal(two) for one, two in zip(before, epochs(shared)))  # no picture is read again


def test_cache_is_bounded_and_says_what_it_would_take(tmp_path, caplog_mm):
    root = trees.make_rgbnt201(tmp_path)
    dataset = RGBNT201(data_root=str(root), cache_gib=2.2 * GIB_OF_A_SLOT, pipeline=LOAD)
    cache = dataset.pipeline.transforms[0]
    assert isinstance(cache, CachedPictures) and cache.capacity == 2
    assert caplog_mm.count('holds 2 of 12 triplets; all of them take 0.00 GiB') == 1
    expected = [dataset[index]['imgs'][0] for index in range(12)]
    for path in (root / 'train_171').rglob('*.jpg'):
        path.unlink()
    for index in range(2):
        np.testing.assert_array_equal(dataset[index]['imgs'][0], expected[index])
    with pytest.raises(ValueError, match='000007_cam3_0_02.jpg: No such file'):
        dataset[2]


def test_full_disk_ends_the_cache_not_the_training(tmp_path, monkeypatch, caplog_mm):
    import errno
    import os

    def full(*args):
        raise OSError(errno.ENOSPC, 'No space left on device')

    dataset = RGBNT201(data_root=str(trees.make_rgbnt201(tmp_path)), cache_gib=1, pipeline=LOAD)
    monkeypatch.setattr(os, 'pwrite', full)
    assert dataset[0]['imgs'][0].shape == dataset[1]['imgs'][0].shape == (24, 12, 3)
    assert caplog_mm.count('The cache of pictures stops here: No space left on device. Lower cache_gib.') == 1


def test_cache_needs_a_pipeline_that_loads_and_resizes_first(tmp_path):
    with pytest.raises(
        ValueError, match=r"begins with LoadTriplet and ResizeTriplet, got \['LoadTriplet', 'FlipTriplet'\]"
    ):
        RGBNT201(
            data_root=str(trees.make_rgbnt201(tmp_path)), cache_gib=1, pipeline=[LOAD[0], dict(type='FlipTriplet')]
        )
