"""The Milvus store against plain loops, on a Milvus Lite server of this machine."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator

import numpy as np
import pytest

from next_mm.errors import ConfigError, DataError
from next_mm.gallery import Gallery
from next_mm.gallery.milvus_language import quote
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace
from tests.gallery.naive import SPACE, NaiveGallery, make_features
from tests.gallery.test_gallery import NAMES, check_search

pytestmark = pytest.mark.extra('pymilvus', program='milvus-lite')


@pytest.fixture(scope='module')
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp('milvus')
    command = ['milvus-lite', 'server', '--data-dir', str(folder), '--port', str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(('127.0.0.1', port)) == 0:
                break
        time.sleep(0.2)
    yield f'http://127.0.0.1:{port}'
    process.kill()
    process.wait()


def test_operations_equal_a_plain_loop(server: str) -> None:
    naive, rng = NaiveGallery(), np.random.default_rng(0)
    with Gallery.open(f'{server}/loop', SPACE) as gallery:
        for step in range(4):
            features = make_features(5, step % 3, incomplete=step > 1, captions=step > 0)
            data = dict(
                identity=[str(row % 3) for row in range(5)],
                camera=[None, 'gate', 'yard', None, 'gate'],
                time=[None, 10.0, 20.0, 30.0, 40.0],
            )
            gallery.add(features, on_conflict='replace', **data)
            naive.add(features, **data)
            query = make_features(2, 100 + step, prefix='q', incomplete=step % 2 == 1, captions=step % 2 == 1)
            check_search(gallery, naive, query, 4)
            check_search(gallery, naive, query, 3, camera='gate')
            check_search(gallery, naive, query, 3, not_camera='gate', after=15.0)
        assert gallery.delete(camera='yard') == naive.delete(camera='yard')
        check_search(gallery, naive, make_features(2, int(rng.integers(200, 300)), prefix='q'), 20)
        assert gallery.count() == len(naive.entries)
        assert gallery.stats()['entries'] == len(naive.entries)


def test_names_are_data(server: str) -> None:
    feature = make_features(2, 0)
    with Gallery.open(f'{server}/names', SPACE) as gallery:
        for name in NAMES:
            ids = [name + 'a', name + 'b']
            named = FeatureSet(SPACE, ids, feature.features, feature.parts, feature.has_text)
            gallery.add(named, identity=name, camera=[name, None])
            assert [hit.id for hit in gallery.search(feature, camera=name)[0]] == [ids[0]]
            assert gallery.get(ids[:1])[0].identity == name
            assert gallery.delete(identity=name) == 2
        assert gallery.search(feature, camera='x" or "1"=="1') == [[], []]
    assert quote('a"b\\') == '"a\\"b\\\\"'


def test_tracklets_thresholds_and_another_model(server: str) -> None:
    crops = make_features(3, 5)
    with Gallery.open(f'{server}/walks', SPACE) as gallery:
        gallery.add(crops, tracklet=['a', 'a', None])
        gallery.set_thresholds({'rgb+nir+tir': {'same': 0.9, 'different': 0.5}})
        hits = gallery.search(crops.select([2]))[0]
        assert {hit.id for hit in hits} == {'tracklet a', crops.ids[2]}
        assert hits[0].verdict == 'same'
        assert len(gallery.search(crops.select([0]), crops=True)[0]) == 3
        with pytest.raises(DataError, match='nothing was added'):
            gallery.add(crops)
    with pytest.raises(DataError, match="model 'other'"):
        Gallery.open(f'{server}/walks', FeatureSpace('other', 'f' * 64, SPACE.modalities))
    with pytest.raises(DataError, match='no gallery there'):
        Gallery.open(f'{server}/nowhere', SPACE, create=False)
    with pytest.raises(ConfigError, match='expected http://host:port/collection'):
        Gallery.open(server, SPACE)
