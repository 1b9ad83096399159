"""A whole small training: the same twice, the same resumed, the report, and what stops it."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook

from next_mm.apis import build_model, build_runner, resume_from, train
from next_mm.apis import test as run_test
from next_mm.engine import CheckpointError, epoch_seed, read_checkpoint
from next_mm.registry import HOOKS, TASK_UTILS
from tests.toys import toy_config


@HOOKS.register_module()
class StopAt(Hook):
    """Ends the run as a kill would: at once, with nothing saved."""

    def __init__(self, *, stage: str, epoch: int) -> None:
        self.stage, self.epoch = stage, epoch

    def _stop(self, runner: Any, stage: str) -> None:
        if stage == self.stage and runner.epoch == self.epoch:
            raise KeyboardInterrupt

    def after_train_iter(self, runner: Any, batch_idx: int, **kwargs: Any) -> None:
        """In the middle of an epoch."""
        if batch_idx == 1:
            self._stop(runner, 'train')

    def before_val(self, runner: Any) -> None:
        """Between a checkpoint and its validation."""
        self._stop(runner, 'val')


def _history(work_dir: Path) -> list[dict]:
    return json.loads((work_dir / 'metrics.json').read_text())


def test_same_seed_same_metrics_other_seed_others(tmp_path: Path) -> None:
    for name, seed in (('a', 3), ('b', 3), ('c', 4)):
        train(toy_config(tmp_path / name, randomness__seed=seed))
    assert _history(tmp_path / 'a') == _history(tmp_path / 'b')
    assert _history(tmp_path / 'a') != _history(tmp_path / 'c')
    assert [entry['epoch'] for entry in _history(tmp_path / 'a')] == [1, 2, 3]


EMA = dict(type='EMAHook', momentum=0.3)


@pytest.mark.parametrize('extra', [[], [EMA]], ids=['plain', 'ema'])
@pytest.mark.parametrize(('stage', 'epoch'), [('train', 1), ('train', 2), ('val', 2), ('val', 3)])
def test_stopped_and_resumed_equals_uninterrupted(tmp_path: Path, stage: str, epoch: int, extra: list) -> None:
    hooks = [dict(type='EpochSeedHook'), dict(type='ReportHook'), *extra]
    whole = train(toy_config(tmp_path / 'whole', custom_hooks=hooks))
    stopped = [dict(type='StopAt', stage=stage, epoch=epoch), *hooks]
    with pytest.raises(KeyboardInterrupt):
        train(toy_config(tmp_path / 'parts', custom_hooks=stopped))
    cfg = toy_config(tmp_path / 'parts', custom_hooks=hooks)
    resume_from(cfg)
    resumed = train(cfg)
    assert _history(tmp_path / 'parts') == _history(tmp_path / 'whole')
    for key, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[key]), key
    best = whole.message_hub.get_info('best_score')
    assert resumed.message_hub.get_info('best_score') == best
    assert len(list((tmp_path / 'parts').glob('best_*.pth'))) == 1
    assert not list((tmp_path / 'parts').glob('*.part'))


def test_ema_weights_are_what_is_validated_and_stored(tmp_path: Path) -> None:
    hooks = [dict(type='EpochSeedHook'), dict(type='ReportHook')]
    plain = train(toy_config(tmp_path / 'plain', custom_hooks=hooks))
    averaged = train(toy_config(tmp_path / 'ema', custom_hooks=[*hooks, EMA]))
    assert torch.equal(plain.model.backbone.weight, averaged.model.backbone.weight)
    assert _history(tmp_path / 'plain') != _history(tmp_path / 'ema')
    stored = run_test(toy_config(tmp_path / 'ema'), tmp_path / 'ema' / 'epoch_3.pth')
    assert stored['reid/mAP'] == _history(tmp_path / 'ema')[-1]['reid/mAP']


def test_resume_without_a_checkpoint_starts_anew(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path)
    resume_from(cfg)
    assert not cfg.resume
    train(cfg)
    assert len(_history(tmp_path)) == 3


def test_the_report_names_best_and_last_and_what_choosing_means(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path)
    cfg.val_dataloader.dataset.metainfo = dict(synthetic=True)
    train(cfg)
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert 'ToyPoints, synthetic data, %' in log
    assert 'last epoch (3)' in log
    assert 'The best epoch was chosen by looking at the test set' in log
    history = _history(tmp_path)
    best = max(history, key=lambda entry: entry['reid/mAP'])
    assert f'best epoch ({best["epoch"]}) │ {best["reid/mAP"]:.1f}' in log


def test_testing_gives_the_trained_epochs_numbers_and_needs_no_train_set(tmp_path: Path) -> None:
    train(toy_config(tmp_path))
    cfg = toy_config(tmp_path / 'test')
    metrics = run_test(cfg, tmp_path / 'epoch_3.pth')
    assert metrics == {key: value for key, value in _history(tmp_path)[-1].items() if key != 'epoch'}
    assert run_test(cfg, None) != metrics
    model = build_model(cfg, tmp_path / 'epoch_3.pth')
    assert not model.training
    with pytest.raises(CheckpointError, match='trained on 4 identities, the config says 7'):
        run_test(toy_config(tmp_path / 'test', model__num_classes=7), tmp_path / 'epoch_3.pth')


def test_going_on_with_other_identities(tmp_path: Path) -> None:
    train(toy_config(tmp_path))
    cfg = toy_config(
        tmp_path / 'more', model__num_classes=7, load_from=str(tmp_path / 'epoch_3.pth'), train_cfg__max_epochs=1
    )
    with pytest.raises(CheckpointError, match='load_ignore'):
        train(cfg.copy())
    cfg.load_ignore = ['branches.points.classifier']
    train(cfg)


def test_wrong_number_of_classes_stops_before_training(tmp_path: Path) -> None:
    cfg = toy_config(tmp_path, model__num_classes=7, custom_hooks=[dict(type='IdentityCountHook')])
    with pytest.raises(
        ValueError, match=r'num_classes is 7, but ToyPoints has 4 training identities; set .*num_classes=4'
    ):
        train(cfg)
    assert not list(tmp_path.glob('*.pth'))


def test_a_loss_that_is_no_number_stops_names_the_batch_and_keeps_the_good_checkpoint(tmp_path: Path) -> None:
    train(toy_config(tmp_path, train_cfg__max_epochs=1))
    good = read_checkpoint(tmp_path / 'epoch_1.pth')['state_dict']
    cfg = toy_config(tmp_path, custom_hooks=[dict(type='EpochSeedHook'), dict(type='FiniteLossHook')])
    cfg.train_dataloader.dataset.poisoned = 5
    resume_from(cfg)
    message = r'not finite in epoch 2, batch \d: .*nan.*point5.*Last good checkpoint: .*epoch_1.pth'
    with pytest.raises(FloatingPointError, match=message):
        train(cfg)
    assert {key: value.tolist() for key, value in read_checkpoint(tmp_path / 'epoch_1.pth')['state_dict'].items()} == {
        key: value.tolist() for key, value in good.items()
    }
    assert not (tmp_path / 'epoch_2.pth').exists()


def test_weights_that_are_no_numbers_are_not_saved(tmp_path: Path) -> None:
    runner = build_runner(toy_config(tmp_path, custom_hooks=[dict(type='FiniteLossHook')]))
    with torch.no_grad():
        runner.model.backbone.weight[0, 0] = float('inf')
    with pytest.raises(FloatingPointError, match='backbone.weight is not finite'):
        runner.call_hook('before_save_checkpoint', checkpoint=dict(state_dict=runner.model.state_dict()))


def test_a_kill_while_writing_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = train(toy_config(tmp_path))
    before = (tmp_path / 'epoch_3.pth').read_bytes()

    def killed(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, 'replace', killed)
    with pytest.raises(KeyboardInterrupt):
        runner.save_checkpoint(str(tmp_path), 'epoch_3.pth')
    assert (tmp_path / 'epoch_3.pth').read_bytes() == before


def test_epoch_seeds_never_meet() -> None:
    seeds = {epoch_seed(seed, epoch, rank) for seed in range(5) for epoch in range(20) for rank in range(8)}
    assert len(seeds) == 5 * 20 * 8


@TASK_UTILS.register_module()
class WriteFile:
    """A prepare step."""

    def __init__(self, *, path: str) -> None:
        self.path = path

    def __call__(self) -> None:
        """Write a line; a second run would write two."""
        with open(self.path, 'a') as file:
            file.write('made\n')


def test_prepare_runs_before_the_runner(tmp_path: Path) -> None:
    build_runner(toy_config(tmp_path / 'run', prepare=dict(type='WriteFile', path=str(tmp_path / 'made.txt'))))
    assert (tmp_path / 'made.txt').read_text() == 'made\n'


def test_two_runners_of_one_second_do_not_share_their_logs(tmp_path: Path) -> None:
    names = {build_runner(toy_config(tmp_path / name)).experiment_name for name in 'ab'}
    assert len(names) == 2
    assert np.unique([str(path.parent.parent) for path in tmp_path.glob('*/*/*.log')]).size == 2
