import numpy as np
import pytest
import torch

from next_mm.models.text.packing import pack_captions
from tests.models.text.conftest import as_rows


@pytest.mark.parametrize('budget', [77, 128, 1000])
def test_every_token_of_every_caption_is_on_its_path(captions: torch.Tensor, budget: int):
    rows = as_rows(captions)
    seen = []
    for pack in pack_captions(rows, budget=budget, context_length=77):
        assert len(pack.ids) == len(pack.positions) == len(pack.sources) == budget
        assert len(pack.rows) <= len(pack.ends) == budget // 8
        for place, row in enumerate(pack.rows):
            path = pack.paths[place, : len(rows[row])]
            np.testing.assert_array_equal(pack.ids[path], rows[row])
            np.testing.assert_array_equal(pack.positions[path], np.arange(len(path)))
            assert pack.ends[place] == path[-1]
            seen.append(row)
    assert sorted(seen) == list(range(len(rows)))


def test_sources_point_back(captions: torch.Tensor):
    for pack in pack_captions(as_rows(captions), budget=128, context_length=77):
        used = np.unique(np.concatenate([pack.paths[place, : len(path)] for place, path in enumerate(pack.paths)]))
        np.testing.assert_array_equal(pack.paths.reshape(-1)[pack.sources[used]], used)


def test_shared_beginnings_count_once():
    rows = [np.array([9, 1, 2, 3, 99]), np.array([9, 1, 2, 4, 99]), np.array([9, 5, 99])]
    (pack,) = pack_captions(rows, budget=24, context_length=8)
    # 9 1 2 3 99 | 4 99 | 5 99: nine different beginnings
    assert sorted(pack.ids.tolist()) == sorted([9, 1, 2, 3, 99, 4, 99, 5, 99] + [0] * 15)


def test_different_beginnings_are_not_mixed_up():
    rows = [np.array([9, 1, 3, 99]), np.array([9, 2, 3, 99])]  # the same token at the same place, behind another word
    (pack,) = pack_captions(rows, budget=24, context_length=8)
    assert pack.paths[0, 2] != pack.paths[1, 2]
