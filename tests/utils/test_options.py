"""Wrong values of options are named when a component is built."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from next_mm.datasets import EraseTriplet, FlipTriplet, PadCropTriplet, ResizeTriplet
from next_mm.errors import ConfigError
from next_mm.evaluation import ReIDMetric
from next_mm.methods.next.tmse import TMSE
from next_mm.models import CLIPVisual, TimmVisual
from next_mm.models.heads.branch import IdentityBranch
from next_mm.models.losses.cross_entropy import CrossEntropy
from next_mm.utils.options import check_integer, check_number, check_size, did_you_mean


@pytest.mark.parametrize(
    'build, message',
    [
        (lambda: ResizeTriplet(size=64), r'ResizeTriplet.size=64: expected \(height, width\) in pixels'),
        (lambda: ResizeTriplet(size=(64, 0)), r'ResizeTriplet.size=\(64, 0\): expected'),
        (lambda: PadCropTriplet(padding=-1), 'PadCropTriplet.padding=-1: expected a whole number from 0'),
        (lambda: FlipTriplet(prob=1.5), 'FlipTriplet.prob=1.5: expected a number from 0 to 1'),
        (lambda: EraseTriplet(prob=-0.1), 'EraseTriplet.prob=-0.1: expected a number from 0 to 1'),
        (
            lambda: EraseTriplet(aspect=(3, 1)),
            r'EraseTriplet.aspect=\(3, 1\): expected two numbers above 0, the smaller',
        ),
        (lambda: EraseTriplet(area=0.4), 'EraseTriplet.area=0.4: expected two numbers above 0 and at most 1, the'),
        (lambda: EraseTriplet(fill='grey'), "EraseTriplet.fill='grey': expected 'noise' or three grey levels"),
        (lambda: EraseTriplet(fill=(0, 0, 300)), 'expected .noise. or three grey levels from 0 to 255'),
        (lambda: ResizeTriplet(size=(4, 4), interpolation='area'), "expected one of 'bicubic', 'bilinear'"),
        (lambda: TMSE(dim=8, sampling='topk', top_share=2), 'TMSE.top_share=2: expected a number above 0 to 1'),
        (lambda: TMSE(dim=8, num_experts=0), 'TMSE.num_experts=0: expected a whole number from 1'),
        (
            lambda: CrossEntropy(label_smoothing=2),
            'CrossEntropy.label_smoothing=2: expected a number from 0 to below 1',
        ),
        (
            lambda: IdentityBranch(feature_dim=8, num_classes=0, losses={}),
            'IdentityBranch.num_classes=0: expected a whole number from 1',
        ),
        (
            lambda: CLIPVisual(model_name='ViT-B-16', pretrained=None, image_size=256),
            r'CLIPVisual.image_size=256: expected \(height, width\)',
        ),
        (
            lambda: TimmVisual(model_name='vit_tiny_patch16_224', pretrained=False, image_size=256),
            'TimmVisual.image_size=256: expected',
        ),
        (lambda: ReIDMetric(topk=5), r'topk: expected ranks from 1, each once, such as \(1, 5, 10\), got 5'),
    ],
)
def test_the_option_is_named(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build()


@pytest.mark.parametrize('value', [True, '1', None, float('nan'), float('inf')])
def test_only_numbers_are_numbers(value: object) -> None:
    with pytest.raises(ConfigError, match='X.y=.*: expected a number from 0 to 1'):
        check_number('X.y', value, 0, 1)


def test_bounds_belong_to_the_range() -> None:
    check_number('X.y', 0, 0, 1)
    check_number('X.y', 1, 0, 1)
    check_number('X.y', 0.1, 0, above=True)
    check_size('X.size', [4, 2])


@pytest.mark.parametrize('value', [True, 1.0, '1', None, 0, 6])
def test_only_whole_numbers_are_whole(value: object) -> None:
    with pytest.raises(ConfigError, match='X.y=.*: expected a whole number from 1 to 5'):
        check_integer('X.y', value, 1, 5)
    check_integer('X.y', 5, 1)


def test_the_closest_known_word_is_named() -> None:
    assert did_you_mean('camrea', ['camera', 'scene']) == "; did you mean 'camera'?"
    assert did_you_mean('x', ['camera', 'scene']) == '; known are camera, scene'
    assert did_you_mean('x', map(str, range(100, 200))) == ''
