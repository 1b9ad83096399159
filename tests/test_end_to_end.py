"""The synthetic data at a small size, from nothing to a trained, tested, killed, resumed and distributed model."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from next_mm.apis import build_model, load_config, prepare, train
from next_mm.apis import test as run_test
from next_mm.engine import CheckpointError, read_checkpoint

ROOT = Path(__file__).parents[1]
CONFIG = 'configs/next_synthetic.py'
EPOCHS, IDENTITIES = 2, 8

pytestmark = pytest.mark.skipif(
    torch.cuda.is_available(), reason='compares runs on the CPU; set CUDA_VISIBLE_DEVICES= to run it'
)


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope='module')
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Options that make the synthetic data small; its data are made once for this module."""
    root = tmp_path_factory.mktemp('synthetic')
    values = {
        'prepare.root': str(root),
        'prepare.train_identities': IDENTITIES,
        'prepare.test_identities': 6,
        'prepare.triplets': 8,
        'prepare.clip_identities': 16,
        'prepare.clip_triplets': 2,
        'prepare.clip_steps': 2,
        'prepare.clip_grounding_steps': 2,
        'prepare.clip_batch_size': 16,
        'model.backbone.pretrained': f'{root}/clip.pt',
        'model.text.pretrained': f'{root}/clip.pt',
        'model.num_classes': IDENTITIES,
        'train_cfg.max_epochs': EPOCHS,
        'train_cfg.val_interval': 1,
        'train_dataloader.batch_size': 16,
        'default_hooks.logger.interval': 1,
        **{f'{loader}_dataloader.dataset.data_root': f'{root}/RGBNT201' for loader in ('train', 'val', 'test')},
    }
    before = Path.cwd()
    os.chdir(ROOT)
    prepare(load_config(CONFIG, values))
    os.chdir(before)
    return values


def _config(options: dict[str, Any], work_dir: Path, **changes: Any) -> Config:
    return load_config(
        CONFIG, {**options, **{key.replace('__', '.'): value for key, value in changes.items()}}, work_dir=work_dir
    )


@pytest.fixture(scope='module')
def finished(options: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Work directory of an uninterrupted training."""
    work_dir = tmp_path_factory.mktemp('finished')
    before = Path.cwd()
    os.chdir(ROOT)
    train(_config(options, work_dir))
    os.chdir(before)
    return work_dir


def _command(tool: str, *arguments: str, options: dict[str, Any]) -> list[str]:
    return [*tool.split(), *arguments, '--cfg-options', *(f'{key}={value}' for key, value in options.items())]


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        'PYTHONPATH': str(ROOT),
        'OMP_NUM_THREADS': str(torch.get_num_threads()),
        'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}',
    }


def _run(command: list[str]) -> str:
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


def _history(work_dir: Path) -> list[dict[str, float]]:
    return json.loads((work_dir / 'metrics.json').read_text())


def _weights(work_dir: Path) -> dict[str, torch.Tensor]:
    return read_checkpoint(work_dir / f'epoch_{EPOCHS}.pth')['state_dict']


def _losses(work_dir: Path) -> list[float]:
    lines = [
        json.loads(line)
        for path in sorted(work_dir.glob('*/vis_data/scalars.json'))
        for line in path.read_text().splitlines()
    ]
    return [line['loss'] for line in lines if 'loss' in line]


def test_the_synthetic_trains_reports_and_draws(finished: Path) -> None:
    history = _history(finished)
    assert [entry['epoch'] for entry in history] == [1, 2]
    assert all(0 < entry[f'reid/{name}'] <= 100 for entry in history for name in ('mAP', 'R-1', 'R-5', 'R-10', 'mINP'))
    log = next(finished.glob('*/*.log')).read_text()
    assert 'RGBNT201, synthetic data, %' in log
    assert 'last epoch (2)' in log
    assert 'Tokens taken a triplet (train, epoch 2): expert 1 rgb' in log
    pictures = sorted((finished / 'rank_lists').glob('[0-9][0-9]_query_*.png'))
    assert len(pictures) == 8
    assert np.asarray(Image.open(pictures[0])).std() > 20
    assert len(json.loads((finished / 'rank_lists' / 'queries.json').read_text())['queries']) == 48
    assert list(finished.glob('*/vis_data/events.out.tfevents.*'))  # TensorBoard
    assert not any('text' in key and value.numel() > 100 for key, value in _weights(finished).items())


def _run_here(tool: str, *words: str) -> None:
    """Run a tool in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', [tool, *words])
        runpy.run_path(tool, run_name='__main__')


def test_testing_a_checkpoint_gives_the_numbers_of_training(
    finished: Path, options: dict[str, Any], tmp_path: Path
) -> None:
    words = [CONFIG, str(finished / f'epoch_{EPOCHS}.pth'), '--work-dir', str(tmp_path / 'run')]
    words += ['--out', str(tmp_path / 'out' / 'result.json'), '--show-dir', str(tmp_path / 'lists')]
    _run_here(*_command('tools/test.py', *words, options=options))
    result = json.loads((tmp_path / 'out' / 'result.json').read_text())
    expected = {key: value for key, value in _history(finished)[-1].items() if key != 'epoch'}
    assert result['metrics'] == pytest.approx(expected, abs=1e-6)
    assert len(list((tmp_path / 'lists').glob('[0-9][0-9]_query_*.png'))) == 8


def test_killed_in_the_middle_of_an_epoch_and_resumed_it_is_the_same_run(
    finished: Path, options: dict[str, Any], tmp_path: Path
) -> None:
    """The same seed gives the same run: in two processes, before a kill and after it."""
    command = _command(f'{sys.executable} tools/train.py', CONFIG, '--work-dir', str(tmp_path), options=options)
    with subprocess.Popen(command, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 200
        while not any('Epoch(train) [2][1/4]' in path.read_text() for path in tmp_path.glob('*/*.log')):
            assert process.poll() is None, 'the training ended before it was killed'
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    assert not (tmp_path / 'epoch_2.pth').exists()
    assert _history(tmp_path) == _history(finished)[:1]
    _run_here(command[1], CONFIG, '--resume', *command[3:])
    assert _history(tmp_path) == _history(finished)
    assert all(torch.equal(value, _weights(tmp_path)[key]) for key, value in _weights(finished).items())


def test_two_processes_train_and_test_as_one(options: dict[str, Any], tmp_path: Path) -> None:
    still = {
        **options,
        'train_cfg.max_epochs': 1,
        'model.neck.semantic.dropout': 0.0,
        'model.neck.structure.dropout': 0.0,
    }  # ranks drop out differently
    one = tmp_path / 'one'
    train(load_config(CONFIG, still, work_dir=one))
    two = tmp_path / 'two'
    halves = {**still, 'train_dataloader.batch_size': 8}
    _run(_command('tools/dist_train.sh', CONFIG, '2', '--work-dir', str(two), options=halves))
    assert len(_losses(one)) == len(_losses(two)) == 4
    assert _losses(two) == pytest.approx(_losses(one), abs=1e-4)
    alone = run_test(load_config(CONFIG, still, work_dir=tmp_path / 'alone'), str(two / 'epoch_1.pth'))
    assert {key: value for key, value in _history(two)[-1].items() if key != 'epoch'} == pytest.approx(alone, abs=1e-6)


def test_a_checkpoint_of_another_model_is_refused(finished: Path, options: dict[str, Any], tmp_path: Path) -> None:
    cfg = _config(options, tmp_path, model__neck__structure=None)
    with pytest.raises(
        CheckpointError, match=r'(?s)is not a checkpoint of this model.*have no place in the model: neck.structure'
    ):
        build_model(cfg, finished / f'epoch_{EPOCHS}.pth')


def test_a_run_that_diverges_stops_and_names_the_batch(options: dict[str, Any], tmp_path: Path) -> None:
    cfg = _config(
        options,
        tmp_path,
        optim_wrapper__optimizer__lr=1e30,
        optim_wrapper__paramwise_cfg__groups__visual__lr=1e30,
        param_scheduler=None,
    )
    with pytest.raises(
        FloatingPointError, match=r'not finite in epoch 1, batch \d: .*Triplets: .*\d{6}_cam\d.*No checkpoint was saved'
    ):
        train(cfg)
    assert not list(tmp_path.glob('*.pth'))


def test_the_wrong_number_of_identities_is_named(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f'num_classes is 3, but RGBNT201 has {IDENTITIES} training identities'):
        train(_config(options, tmp_path, model__num_classes=3))
