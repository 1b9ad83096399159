"""Data that are not there are told before the model is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from next_mm.apis import test as run_test
from next_mm.apis import train
from next_mm.errors import DataError
from next_mm.registry import MODELS
from tests.datasets.trees import make_rgbnt201
from tests.toys import ToyReID, toy_config


@MODELS.register_module()
class NeverBuilt(ToyReID):
    """Fails the test when it is built."""

    def __init__(self, **_: Any) -> None:
        pytest.fail('the model was built')


def config(folder: Path, **roots: Path) -> Config:
    cfg = toy_config(folder / 'work')
    cfg.model = dict(type='NeverBuilt', num_classes=3)
    for loop in ('train', 'val', 'test'):
        split = 'train' if loop == 'train' else 'test'
        root = str(roots.get(loop, folder / 'data'))
        cfg[f'{loop}_dataloader'].dataset = dict(type='RGBNT201', data_root=root, split=split, pipeline=[])
    return cfg


@pytest.mark.parametrize('loop', ['train', 'val'])
def test_a_training_looks_for_its_data_first(tmp_path: Path, loop: str) -> None:
    make_rgbnt201(tmp_path / 'data')
    with pytest.raises(FileNotFoundError, match='RGBNT201: the .* split is empty: .*nowhere'):
        train(config(tmp_path, **{loop: tmp_path / 'nowhere'}))


def test_a_test_looks_for_its_own_alone(tmp_path: Path) -> None:
    make_rgbnt201(tmp_path / 'data')
    with pytest.raises(FileNotFoundError, match='RGBNT201: the .* split is empty: .*nowhere'):
        run_test(config(tmp_path, test=tmp_path / 'nowhere'), None)
    with pytest.raises(pytest.fail.Exception, match='the model was built'):
        run_test(config(tmp_path, train=tmp_path / 'nowhere'), None)


def test_a_picture_without_its_partner_is_found(tmp_path: Path) -> None:
    make_rgbnt201(tmp_path / 'data')
    next((tmp_path / 'data' / 'train_171' / 'NI').iterdir()).unlink()
    with pytest.raises(DataError, match='1 of 12 training triplets have no NI picture'):
        train(config(tmp_path))
