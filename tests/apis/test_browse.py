"""The picture of what a model sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from next_mm.apis import draw_samples, load_config
from next_mm.errors import ConfigError, DataError
from tests.datasets.trees import make_rgbnt201


@pytest.fixture
def options(tmp_path: Path) -> dict[str, object]:
    root = str(make_rgbnt201(tmp_path))
    return {f'{loop}_dataloader.dataset.data_root': root for loop in ('train', 'val', 'test')}


def test_the_same_seed_draws_the_same_sheet(repo_dir: Path, options: dict[str, object]) -> None:
    cfg = load_config(repo_dir / 'configs/next_synthetic.py', options)
    first, again, other = (draw_samples(cfg, num_samples=2, num_views=2, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or (first != other).any()
    assert first.dtype == np.uint8 and first.shape[2] == 3


def test_triplets_by_name_and_without_changes(repo_dir: Path, options: dict[str, object]) -> None:
    cfg = load_config(repo_dir / 'configs/next_synthetic.py', options)
    name = '000040_cam2_0_01.jpg'
    assert draw_samples(cfg, loop='test', names=[name], num_views=0).shape[0] > 160
    with pytest.raises(DataError, match=r"RGBNT201: no test triplet 'x.jpg'; one is '000040_cam1_0_00.jpg'"):
        draw_samples(cfg, loop='test', names=['x.jpg'])


def test_nothing_to_show(repo_dir: Path, options: dict[str, object]) -> None:
    cfg = load_config(repo_dir / 'configs/next_synthetic.py', options)
    cfg.train_dataloader = None
    with pytest.raises(ConfigError, match='train_dataloader: None; expected the data that are to be shown'):
        draw_samples(cfg)
    with pytest.raises(ConfigError, match='num_samples=0: expected a whole number from 1'):
        draw_samples(cfg, num_samples=0)
