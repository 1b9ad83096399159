"""A test without captions: the step goes in front of the packing."""

from __future__ import annotations

import numpy as np
import pytest
from mmengine.config import Config

from next_mm.apis import ConfigError, drop_captions
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
