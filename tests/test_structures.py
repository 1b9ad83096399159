"""The sample that travels: only declared fields."""

import pickle

import pytest
import torch

from next_mm.structures import ReIDDataSample


def test_a_typo_in_a_field_fails() -> None:
    sample = ReIDDataSample(metainfo={'name': 'a.jpg'})
    sample.label = 3
    with pytest.raises(AttributeError, match="ReIDDataSample has no field 'lable'; it has sample_idx, name"):
        sample.lable = 3
    with pytest.raises(AttributeError, match="no field 'nmae'"):
        ReIDDataSample(metainfo={'nmae': 'a.jpg'})
    with pytest.raises(AttributeError):
        _ = sample.feature


def test_fields_survive_copies_and_workers() -> None:
    sample = ReIDDataSample(metainfo={'name': 'a.jpg', 'camera': 2})
    sample.label, sample.feature = 3, torch.ones(4)
    for copy in (pickle.loads(pickle.dumps(sample)), sample.clone(), sample.new()):
        assert (copy.name, copy.camera, copy.label) == ('a.jpg', 2, 3) and copy.feature.equal(sample.feature)
    assert sample.to_dict().keys() == {'name', 'camera', 'label', 'feature'}
