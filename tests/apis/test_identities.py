"""A config that leaves the number of identities open: it is counted, or read from a checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from next_mm.apis import build_model, train
from next_mm.apis import test as run_test
from next_mm.apis.identities import fill_num_classes
from next_mm.errors import ConfigError
from tests.datasets.trees import make_rgbnt201
from tests.toys import NUM_IDENTITIES, toy_config


def test_a_training_counts_and_its_checkpoint_remembers(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path / 'run', model__num_classes=None, train_cfg__max_epochs=1)
    runner = train(cfg)
    assert runner.model.num_classes == NUM_IDENTITIES and cfg.model.num_classes is None
    checkpoint = tmp_path / 'run' / 'epoch_1.pth'
    elsewhere = toy_config(tmp_path / 'test', model__num_classes=None)
    for part in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler'):
        elsewhere[part] = None
    run_test(elsewhere, checkpoint)
    model = build_model(elsewhere, checkpoint)
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in runner.model.state_dict().items())


def test_a_dataset_of_triplets_is_listed_without_its_captions(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path, model__num_classes=None)
    root = make_rgbnt201(tmp_path / 'data')
    cfg.train_dataloader.dataset = dict(type='RGBNT201', data_root=str(root), caption_dir='none', pipeline=[])
    fill_num_classes(cfg)
    assert cfg.model.num_classes == 3


def test_a_number_that_is_given_stays(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path, model__num_classes=7)
    fill_num_classes(cfg)
    assert cfg.model.num_classes == 7


def test_what_cannot_be_counted_is_named(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path, model__num_classes=None)
    cfg.train_dataloader.dataset = dict(type='RGBNT201', data_root=str(tmp_path / 'none'), pipeline=[])
    with pytest.raises(
        ConfigError, match='model.num_classes is None: .*cannot be counted .*none.*; set model.num_classes'
    ):
        fill_num_classes(cfg)
    cfg.train_dataloader = None
    with pytest.raises(ConfigError, match='model.num_classes is None: .* no train_dataloader to count them in'):
        build_model(cfg)
