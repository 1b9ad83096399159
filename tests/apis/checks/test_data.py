"""What the check of a config's data says is what training and testing would refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from next_mm.apis import load_config
from next_mm.apis.checks.data import check_data
from next_mm.errors import ConfigError
from next_mm.layouts import Problem
from tests.datasets.trees import make_rgbnt201

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
NO_TRAINING = dict(train_dataloader=None, train_cfg=None, optim_wrapper=None)


def check(root: Path, repo_dir: Path, **options: object) -> list[Problem]:
    """Check NEXT's config for RGBNT201 on a small copy of it; three training identities, no scenes."""
    fitting = {
        'model.num_classes': 3,
        'train_dataloader.batch_size': 4,
        'train_dataloader.batch_sampler.num_instances': 2,
    }
    roots = {
        f'{loader}.dataset.data_root': str(make_rgbnt201(root))
        for loader in LOADERS
        if options.get(loader, root) is not None
    }
    options = {key.replace('__', '.'): value for key, value in options.items()}
    kept = {key: value for key, value in fitting.items() if options.get(key.partition('.')[0], root) is not None}
    return check_data(load_config(repo_dir / 'configs/next_rgbnt201.py', {**kept, **roots, **options})).problems


@pytest.mark.parametrize(
    ('options', 'where', 'detail'),
    [
        (
            dict(model__num_classes=171),
            'model.num_classes is 171',
            'RGBNT201 has 3 training identities; set model.num_classes=3',
        ),
        (
            dict(val_evaluator__exclude='same scene'),
            'val_evaluator',
            "exclude='same scene' needs the scene of every sample, but 8 of 8 have none",
        ),
        (
            dict(test_evaluator=[dict(type='ReIDMetric', exclude='same scene')]),
            'test_evaluator',
            "exclude='same scene' needs the scene of every sample",
        ),
        (
            dict(test_evaluator=dict(_delete_=True, metrics=[dict(type='ReIDMetric', exclude='same scene')])),
            'test_evaluator',
            "exclude='same scene' needs",
        ),
        (
            dict(train_dataloader__dataset__caption_dir=None),
            'RGBNT201, train split',
            'the model reads captions',
        ),
    ],
)
def test_what_training_refuses_is_an_error(
    tmp_path: Path, repo_dir: Path, options: dict, where: str, detail: str
) -> None:
    problems = check(tmp_path, repo_dir, **options)
    assert [(problem.where, problem.fatal) for problem in problems] == [(where, True)]
    assert detail in problems[0].detail


def test_what_training_takes_is_none(tmp_path: Path, repo_dir: Path) -> None:
    assert check(tmp_path, repo_dir) == []
    assert check(tmp_path, repo_dir, **NO_TRAINING) == []
    without = {f'{loader}__dataset__caption_dir': None for loader in LOADERS}
    assert check(tmp_path, repo_dir, model__text=None, **without) == []


def test_a_rule_is_told_once_for_validation_and_test(tmp_path: Path, repo_dir: Path) -> None:
    problems = check(tmp_path, repo_dir, val_evaluator__exclude='same scene', test_evaluator__exclude='same scene')
    assert [problem.kind for problem in problems] == ['a test set that cannot be evaluated']


def test_a_config_without_data_is_refused(tmp_path: Path, repo_dir: Path) -> None:
    with pytest.raises(
        ConfigError, match='no train_dataloader, val_dataloader or test_dataloader: there is nothing to check'
    ):
        check(
            tmp_path,
            repo_dir,
            **NO_TRAINING,
            **dict.fromkeys(f'{loop}_{key}' for loop in ('val', 'test') for key in ('dataloader', 'cfg', 'evaluator')),
        )


def test_half_a_training_is_refused(tmp_path: Path, repo_dir: Path) -> None:
    with pytest.raises(ConfigError, match='train_dataloader: None, but train_cfg and optim_wrapper given'):
        check(tmp_path, repo_dir, train_dataloader=None)
