"""What the first validation would refuse is refused before the first step, in the same words."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from torch import Tensor

from next_mm.apis import build_runner, train
from next_mm.engine.run_checks import check_samples
from next_mm.errors import ConfigError, DataError
from next_mm.evaluation import Exclude, ReIDMetric, check_protocol
from next_mm.models import ReIDModel
from next_mm.registry import HOOKS, MODELS
from next_mm.retrieval import SearchResults
from next_mm.structures import TripletBatch
from tests.datasets.trees import write_picture
from tests.toys import toy_config


@MODELS.register_module()
class ReadsCaptions(ReIDModel):
    """Learns nothing, and reads captions or does not."""

    def __init__(self, *, text: bool) -> None:
        preprocessor = dict(type='TripletPreprocessor', mean=[127.5] * 3, std=[127.5] * 3)
        super().__init__(num_classes=2, data_preprocessor=preprocessor)
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.reads_captions = text

    def extract(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """Features that tell every sample from every other."""
        return dict(numbers=torch.eye(32)[[sample.sample_idx for sample in batch.samples]])

    def loss(self, images: Tensor, batch: TripletBatch) -> dict[str, Tensor]:
        """A loss that moves nothing."""
        return dict(loss=self.weight.sum())

    def test_feature(self, features: dict[str, Tensor]) -> Tensor:
        """The numbers."""
        return features['numbers']


@HOOKS.register_module()
class NoStep(Hook):
    """Fails the test when a step is taken."""

    def before_train_iter(self, *args: Any, **kwargs: Any) -> None:
        """Fail."""
        pytest.fail('a step was taken')


def own_config(folder: Path, *, text: bool = False, exclude: str = 'itself', **columns: str) -> Config:
    """Four own triplets, each picture alone; ``columns`` are further cells of every row, ``{}`` in them its number."""
    rows = []
    for number in range(8):
        write_picture(folder / f'{number}.png', size=(8, 4))
        further = {key: value.format(number) for key, value in columns.items()}
        rows.append(
            {'split': 'train' if number < 4 else 'test', 'identity': number // 2, 'rgb': f'{number}.png', **further}
        )
    with (folder / 'list.csv').open('w', newline='') as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    cfg = toy_config(folder / 'work', custom_hooks=[dict(type='NoStep')])
    cfg.model = dict(type='ReadsCaptions', text=text)
    cfg.optim_wrapper.paramwise_cfg = None
    dataset = dict(
        type='OwnTriplets',
        data_root=str(folder),
        list_file='list.csv',
        pipeline=[dict(type='LoadTriplet'), dict(type='PackTriplet')],
    )
    cfg.train_dataloader.dataset = dataset
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        loader.dataset = dict(dataset, split='test')
    cfg.val_evaluator = cfg.test_evaluator = dict(type='ReIDMetric', exclude=exclude)
    return cfg


@pytest.mark.parametrize(
    'options, message',
    [
        (
            dict(exclude='same camera'),
            "exclude='same camera' needs the camera of every sample, but 4 of 4 have none, first: 4.png. .* use "
            "exclude='itself'",
        ),
        (
            dict(exclude='same scene', camera='{}'),
            "exclude='same scene' needs the scene of every sample, but 4 of 4 have none",
        ),
        (dict(exclude='same camera', camera='7'), 'no query has a match.* shares its camera'),
        (dict(text=True), 'ReadsCaptions reads captions but its samples have none'),
    ],
)
def test_refused_before_the_first_step(tmp_path: Path, options: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        train(own_config(tmp_path, **options))
    with pytest.raises(DataError, match=message):
        build_runner(own_config(tmp_path, **options)).test()


@pytest.mark.parametrize(
    'options', [dict(), dict(exclude='same camera', camera='{}'), dict(text=True, caption_rgb='A person. {}')]
)
def test_what_can_be_evaluated_is_not_refused(tmp_path: Path, options: dict) -> None:
    cfg = own_config(tmp_path, **options)
    cfg.custom_hooks = []
    train(cfg)


@pytest.mark.parametrize(
    'hooks, message',
    [
        (
            dict(default_hooks__checkpoint__save_best='reid/MAP'),
            "CheckpointHook.save_best: expected one of reid/mAP, reid/R-1, .*reid/mINP, .* got 'reid/MAP'",
        ),
        (
            dict(custom_hooks=[dict(type='NoStep'), dict(type='ReportHook', monitor='R-1')]),
            "ReportHook.monitor: expected one of .* got 'R-1'",
        ),
    ],
)
def test_a_metric_that_is_not_measured_is_refused_before_the_first_step(
    tmp_path: Path, hooks: dict, message: str
) -> None:
    cfg = own_config(tmp_path)
    cfg.merge_from_dict({key.replace('__', '.'): value for key, value in hooks.items()})
    with pytest.raises(ConfigError, match=message):
        train(cfg)


LOAD, SMALL, PACK = dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(8, 4)), dict(type='PackTriplet')


@pytest.mark.parametrize('loader', ['train', 'val', 'test'])
@pytest.mark.parametrize(
    'pipeline, message',
    [
        ([], 'expected PackTriplet as its last transform'),
        ([LOAD, SMALL], 'expected PackTriplet as its last transform'),
        ([PACK], "PackTriplet cannot work on what the transforms before it give .KeyError: 'imgs'.; expected LoadT"),
        ([SMALL, LOAD, PACK], "ResizeTriplet cannot work on what the transforms before it give .KeyError: 'imgs'."),
        ([LOAD, PACK, SMALL], "ResizeTriplet cannot work on what the transforms before it give .KeyError: 'imgs'."),
    ],
)
def test_a_pipeline_that_cannot_work_is_refused_before_the_first_step(
    tmp_path: Path, loader: str, pipeline: list[dict], message: str
) -> None:
    cfg = own_config(tmp_path)
    cfg[f'{loader}_dataloader'].dataset.pipeline = pipeline
    with pytest.raises(ConfigError, match=f'{loader}_dataloader.dataset.pipeline: {message}'):
        build_runner(cfg).test() if loader == 'test' else train(cfg)


def test_a_sample_made_ahead_changes_no_draw(tmp_path: Path) -> None:
    drawn = []
    for checked in (True, False):
        dataset = build_runner(own_config(tmp_path)).build_dataloader(own_config(tmp_path).train_dataloader).dataset
        np.random.seed(1)
        if checked:
            check_samples('here', dataset)
        drawn.append(np.random.random())
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(
    'hook, message',
    [
        (dict(type='RankListHook', num_queries=-1), 'RankListHook.num_queries=-1: expected a whole number from 0'),
        (dict(type='RankListHook', num_failures=-1), 'RankListHook.num_failures=-1: expected a whole number from 0'),
        (dict(type='RankListHook', topk=0), 'RankListHook.topk=0: expected a whole number from 1'),
        (dict(type='FiniteLossHook', max_names=0), 'FiniteLossHook.max_names=0: expected a whole number from 1'),
        (dict(type='EMAHook', momentum=2), r'custom_hooks.1 \(ExponentialMovingAverage\): momentum must be in range'),
        (dict(type='EMAHook', ema_type='Foo'), r"custom_hooks.1 \(Foo\): 'Foo is not in the .* registry"),
        (dict(type='ProfilerHook', on_trace_ready='foo'), 'custom_hooks.1: .*should be a handler'),
    ],
)
def test_a_hook_that_cannot_work_is_refused_before_the_first_step(tmp_path: Path, hook: dict, message: str) -> None:
    cfg = own_config(tmp_path)
    cfg.custom_hooks = [dict(type='NoStep'), hook]
    with pytest.raises(ConfigError, match=message):
        train(cfg)


def test_the_names_of_the_metrics_are_those_it_returns() -> None:
    metric = ReIDMetric(exclude='itself', topk=(2, 3), prefix='mine')
    samples = [
        dict(sample_idx=i, name=f'{i}', identity=i // 2, camera=0, scene=-1, is_query=True, is_gallery=True)
        for i in range(4)
    ]
    metric.process(None, [dict(sample, feature=torch.eye(4)[i]) for i, sample in enumerate(samples)])
    assert tuple(metric.evaluate(4)) == metric.metric_names == ('mine/mAP', 'mine/R-2', 'mine/R-3', 'mine/mINP')


def test_same_words_as_the_evaluation(tmp_path: Path) -> None:
    """The metric itself, given features, refuses with the very text."""
    for exclude, camera in (('same camera', -1), ('same camera', 3), ('same scene', 3)):
        samples = [
            dict(sample_idx=i, name=f'{i}', identity=i // 2, camera=camera, scene=-1, is_query=True, is_gallery=True)
            for i in range(4)
        ]
        with pytest.raises(DataError) as before:
            check_protocol(samples, Exclude(exclude))
        metric = ReIDMetric(exclude=exclude)
        metric.process(None, [dict(sample, feature=torch.eye(4)[i]) for i, sample in enumerate(samples)])
        with pytest.raises(DataError) as after:
            metric.evaluate(4)
        assert str(before.value) == str(after.value)
    check_protocol([dict(name='fields come from a pipeline')], Exclude.SAME_CAMERA)


def test_a_rank_list_may_be_longer_than_the_curve(tmp_path: Path) -> None:
    cfg = own_config(tmp_path)
    cfg.val_evaluator.topk = cfg.test_evaluator.topk = (1, 2)
    cfg.custom_hooks = [dict(type='RankListHook', topk=3, out_dir=str(tmp_path / 'lists'))]
    build_runner(cfg).test()
    results = SearchResults.load(tmp_path / 'lists' / 'queries.json')
    assert {len(matches) for matches in results.matches} == {3}  # all of the gallery but the query itself
