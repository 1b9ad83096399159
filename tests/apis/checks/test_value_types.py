"""Values of another type than a signature names are refused with their place, before anything is built."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from next_mm.apis import ConfigError, check_config
from next_mm.apis.checks.known_keys import parameters
from next_mm.apis.checks.value_types import check_types
from tests.toys import toy_config


def example(
    *,
    flag: bool = True,
    count: int = 1,
    share: float = 0.5,
    name: str = '',
    kind: Literal['a', 'b'] = 'a',
    maybe: int | None = 3,
    unsaid: int = None,  # type: ignore[assignment]  # noqa: RUF013 (as in other packages)
    sizes: Sequence[int] = (),
    pair: tuple[int, float] = (1, 1.0),
    options: Mapping[str, Any] | None = None,
    steps: Sequence[dict | Callable] = (),
    path: str | Path = '',
    free: Any = None,
    bare=None,
    bare_flag=True,
) -> None:
    """Has a parameter of each kind."""


@pytest.mark.parametrize(
    'values',
    [
        dict(flag=False, count=-3, share=1, name=Path('x'), kind='b', maybe=None, unsaid=None),
        dict(sizes=[1, 2], pair=(1, 2), options={}, steps=[{}, print], path=Path('x')),
        dict(free=object(), bare=[1], unknown='is told elsewhere', path=5),
    ],
)
def test_what_fits(values: dict[str, Any]) -> None:
    check_types('here', values, parameters(example))


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        ('flag', 7, 'here.flag: expected True or False, got 7'),
        ('flag', None, 'here.flag: expected True or False, got None'),
        ('count', True, 'here.count: expected a whole number, got True'),
        ('count', 1.5, 'here.count: expected a whole number, got 1.5'),
        ('share', 'half', "here.share: expected a number, got 'half'"),
        ('share', True, 'here.share: expected a number, got True'),
        ('name', 5, 'here.name: expected a text, got 5'),
        ('kind', 'c', "here.kind: expected 'a' or 'b', got 'c'"),
        ('bare_flag', 'no', "here.bare_flag: expected True or False, got 'no'"),
        ('maybe', [], r'here.maybe: expected a whole number or None, got \[\]'),
        ('sizes', 'ab', "here.sizes: expected a list, each a whole number, got 'ab'"),
        ('sizes', [1, 'a'], r"here.sizes: expected a list, each a whole number, got \[1, 'a'\]"),
        ('pair', (1.5, 1), r'here.pair: expected a list, each a whole number or a number, got \(1.5, 1\)'),
        ('options', '', "here.options: expected a dictionary or None, got ''"),
        ('steps', 1, 'here.steps: expected a list, each a dictionary or Callable, got 1'),
    ],
)
def test_what_does_not_fit(key: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_types('here', {key: value}, parameters(example))


def test_annotations_that_cannot_be_looked_up_judge_nothing() -> None:
    def hidden(value: Absent, other: int = 0) -> None:  # type: ignore[name-defined]  # noqa: F821
        """Names a type that only a type checker imports."""

    assert parameters(hidden)['value'].annotation == 'Absent'
    assert parameters(hidden)['other'].annotation is int
    check_types('here', {'value': 3}, parameters(hidden))
    assert parameters(example)['count'].annotation is int
    assert parameters(example)['bare'].annotation is inspect.Parameter.empty


@pytest.mark.parametrize(
    ('key', 'value', 'message'),
    [
        ('resume', 1, 'resume: expected True or False, got 1'),
        ('custom_imports', 1, 'custom_imports: expected a dictionary'),
        ('custom_imports', dict(imports=1e30), 'custom_imports.imports: expected a list of names of modules'),
        ('env_cfg__dist_cfg', 5, 'env_cfg.dist_cfg: expected a dictionary, got 5'),
        ('env_cfg__dist_cfg', dict(backend=1.5), 'env_cfg.dist_cfg.backend: expected the name of a backend, got 1.5'),
        ('default_scope', '', "default_scope: expected the name of a scope, such as next_mm, got ''"),
        ('val_dataloader__batch_size', [1], r'val_dataloader.batch_size: expected a whole number or None, got \[1\]'),
        ('auto_scale_lr', dict(base_batch_size=[1]), r'auto_scale_lr.base_batch_size=\[1\]: expected a whole number'),
        ('optim_wrapper__optimizer__weight_decay', [], r'weight_decay: expected a number, got \[\]'),
        (
            'val_dataloader__sampler',
            [1, 2],
            r'val_dataloader.sampler: expected a dictionary with the type of a sampler',
        ),
        ('test_dataloader__sampler', 0, 'test_dataloader.sampler: expected a dictionary with the type of a sampler'),
        ('env_cfg__cudnn_benchmark', 1.5, 'env_cfg.cudnn_benchmark: expected True or False, got 1.5'),
        ('env_cfg__mp_cfg', dict(opencv_num_threads='x'), "opencv_num_threads: expected a whole number, got 'x'"),
        ('randomness__deterministic', 'no', "randomness.deterministic: expected True or False, got 'no'"),
        ('auto_scale_lr', dict(enable=7), 'auto_scale_lr.enable: expected True or False, got 7'),
        ('auto_scale_lr', dict(base_batch_size=[]), r'auto_scale_lr.base_batch_size=\[\]: expected a whole number'),
        ('log_processor', dict(by_epoch='foo'), "log_processor.by_epoch: expected True or False, got 'foo'"),
        ('train_cfg__max_epochs', [1, 2], r'train_cfg.max_epochs: expected a whole number, got \[1, 2\]'),
        ('test_cfg__fp16', 3, 'test_cfg.fp16: expected True or False, got 3'),
        ('train_dataloader__persistent_workers', [], r'persistent_workers: expected True or False, got \[\]'),
        ('train_dataloader__sampler__shuffle', 7, 'train_dataloader.sampler.shuffle: expected True or False, got 7'),
        (
            'test_dataloader__sampler__type',
            None,
            'test_dataloader.sampler.type: expected the name of a class, got None',
        ),
        ('test_dataloader__collate_fn', 1e30, 'collate_fn: expected a dictionary with the type of a function, got 1e'),
        ('default_hooks__checkpoint__interval', [1], 'checkpoint.interval: expected a whole number, got'),
        ('default_hooks__checkpoint__max_keep_ckpts', 'x', 'max_keep_ckpts: expected a whole number, got'),
        ('param_scheduler__0__convert_to_iter_based', -1, 'convert_to_iter_based: expected True or False, got -1'),
        ('param_scheduler__0__by_epoch', 1.5, r'param_scheduler\[0\].by_epoch: expected True or False, got 1.5'),
        ('optim_wrapper__paramwise_cfg', 0.5, 'paramwise_cfg: expected a dictionary with any of groups, .*got 0.5'),
        ('optim_wrapper__paramwise_cfg', dict(groups=5), 'paramwise_cfg.groups: expected a dictionary, got 5'),
        ('optim_wrapper__paramwise_cfg', dict(groups=dict(a=dict(match=-1))), 'groups.a: -1 is no regular expression'),
        ('custom_hooks', [dict(type='RankListHook', num_queries=0.5)], 'num_queries: expected a whole number, got 0.5'),
        ('test_evaluator', dict(type='ReIDMetric', exclude=0.5), 'test_evaluator.exclude: expected a text, got 0.5'),
        ('model', dict(type='NEXTReID', text=[]), r'model.text: expected a dictionary or None, got \[\]'),
        (
            'test_dataloader__dataset',
            dict(_delete_=True, type='RGBNT201', pipeline=1),
            'test_dataloader.dataset.pipeline: expected a list, each a dictionary or Callable, got 1',
        ),
        (
            'val_dataloader__dataset',
            dict(_delete_=True, type='RGBNT201', data_root=7),
            'val_dataloader.dataset.data_root: expected',
        ),
    ],
)
def test_places_of_a_config(tmp_path: Path, key: str, value: Any, message: str) -> None:
    cfg = toy_config(tmp_path)
    cfg.merge_from_dict({key.replace('__', '.'): value})
    with pytest.raises(ConfigError, match=message):
        check_config(cfg)
