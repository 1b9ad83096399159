"""A test without captions, asked for or by a method that reads none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from next_mm.apis import ConfigError, config, drop_captions, load_config
from next_mm.registry import TRANSFORMS


def test_the_step_goes_before_the_packing() -> None:
    kinds = ['LoadTriplet', 'TokenizeCaptions', 'PackTriplet']
    cfg = Config(dict(test_dataloader=dict(dataset=dict(pipeline=[dict(type=kind) for kind in kinds]))))
    drop_captions(cfg)
    steps = [step.type for step in cfg.test_dataloader.dataset.pipeline]
    assert steps == ['LoadTriplet', 'TokenizeCaptions', 'DropCaptions', 'PackTriplet']
    with pytest.raises(ConfigError, match='expected a step PackTriplet'):
        drop_captions(Config(dict(test_dataloader=dict(dataset=dict(pipeline=[])))))


def test_captions_are_dropped_as_often_as_asked() -> None:
    always, never = (TRANSFORMS.build(dict(type='DropCaptions', prob=prob)) for prob in (1.0, 0.0))
    sample = dict(has_text=np.array([True, False, True]), tokens='kept')
    assert never(dict(sample))['has_text'].tolist() == [True, False, True]
    dropped = always(dict(sample))
    assert dropped['has_text'].tolist() == [False] * 3
    assert dropped['tokens'] == 'kept'
    assert always(dict(name='no captions at all')) == dict(name='no captions at all')
    half = TRANSFORMS.build(dict(type='DropCaptions', prob=0.5))
    counts = sum(bool(half(dict(sample))['has_text'].any()) for _ in range(400))
    assert 150 < counts < 250  # five standard deviations of 10
    with pytest.raises(ConfigError, match=r'DropCaptions.prob=1.5: expected a number from 0 to 1'):
        TRANSFORMS.build(dict(type='DropCaptions', prob=1.5))


def test_captions_named_for_a_method_that_reads_none_are_spoken_of(
    monkeypatch: pytest.MonkeyPatch, repo_dir: Path
) -> None:
    told: list[str] = []
    monkeypatch.chdir(repo_dir)
    monkeypatch.setattr(config, 'print_log', lambda message, *rest: told.append(message))
    option = {'test_dataloader.dataset.caption_dir': 'mine'}
    cfg = load_config('configs/demo/demo_rgbnt201.py', option)
    assert cfg.test_dataloader.dataset.caption_dir is None
    assert told == ["test_dataloader.dataset.caption_dir='mine': DeMoReID reads no captions, so none are loaded"]
    assert load_config('configs/idea/idea_rgbnt201.py', option).test_dataloader.dataset.caption_dir == 'mine'
    load_config('configs/demo/demo_rgbnt201.py')  # which names captions in what all methods share
    assert len(told) == 1
