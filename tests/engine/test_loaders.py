"""Data loaders with and without workers."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import ConfigDict

from next_mm.apis import train
from next_mm.engine import TripletRunner
from tests import toys as toys


@pytest.mark.parametrize(
    'options',
    [
        dict(persistent_workers=True),
        dict(prefetch_factor=4),
        dict(timeout=30.0),
        dict(multiprocessing_context='spawn'),
        dict(persistent_workers=True, prefetch_factor=2, multiprocessing_context='fork'),
    ],
)
def test_without_workers_their_options_do_not_count(options: dict[str, Any]) -> None:
    cfg = ConfigDict(
        batch_size=4,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(type='ToyPoints'),
        **options,
    )
    loader = TripletRunner.build_dataloader(cfg)
    assert loader.num_workers == 0 and not loader.persistent_workers and len(list(loader)) == 4
    assert all(cfg[key] == value for key, value in options.items())  # the config is not changed


def test_with_workers_they_do() -> None:
    cfg = dict(
        batch_size=4,
        num_workers=1,
        persistent_workers=True,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(type='ToyPoints'),
    )
    assert TripletRunner.build_dataloader(cfg).persistent_workers


def test_a_run_leaves_no_worker_behind(tmp_path: Path) -> None:
    cfg = toys.toy_config(tmp_path)
    cfg.train_dataloader.update(num_workers=2, persistent_workers=True)
    runner = train(cfg)
    assert runner.train_dataloader.num_workers == 2 and not multiprocessing.active_children()
