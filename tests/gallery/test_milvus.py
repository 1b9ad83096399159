"""What is particular to the Milvus store, on a Milvus Lite server of this machine."""

from __future__ import annotations

import pytest

from next_mm.errors import ConfigError, DataError
from next_mm.gallery import Gallery
from next_mm.gallery.milvus_language import quote
from next_mm.retrieval.feature_set import FeatureSet, FeatureSpace
from tests.gallery.naive import SPACE, make_features
from tests.gallery.test_gallery import NAMES

pytestmark = pytest.mark.extra('pymilvus', program='milvus-lite')


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
