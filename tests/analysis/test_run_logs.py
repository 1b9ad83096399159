"""What a work directory tells: scalars over resumes, environment, checkpoints, pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from next_mm.analysis.run_logs import (
    find_checkpoint,
    find_pictures,
    read_environment,
    read_run_log,
    typical,
)
from next_mm.apis import find_run_config


def write_scalars(work_dir: Path, start: str, entries: list[dict], tail: str = '') -> Path:
    folder = work_dir / start / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text('\n'.join(json.dumps(entry) for entry in entries) + tail)
    return folder.parent


@pytest.fixture
def run(tmp_path: Path) -> Path:
    first = [
        {'loss': 3.0, 'time': 1.0, 'step': 10},
        {'val_tokens/expert1_rgb': 7.0, 'step': 1},
        {'reid/mAP': 20.0, 'time': 0.1, 'step': 1},
        {'loss': 2.5, 'time': 3.0, 'step': 20},
    ]
    write_scalars(tmp_path, '20260101_000000', first, '\n{"loss": 2.0, "st')
    second = [{'loss': 2.4, 'time': 2.0, 'step': 20}, {'reid/mAP': 19.0, 'reid/R-1': 40.0, 'step': 2}]
    write_scalars(tmp_path, '20260101_010000', second)
    return tmp_path


def test_a_resumed_run_is_one_run(run: Path) -> None:
    log = read_run_log(run)
    assert [(entry['step'], entry['loss']) for entry in log.train] == [(10, 3.0), (20, 2.4)]
    assert [entry['mAP'] for entry in log.results] == [20.0, 19.0]
    assert log.last() == {'mAP': 19.0, 'R-1': 40.0, 'step': 2} and log.best()['step'] == 1
    assert log.epochs == [{'val_tokens/expert1_rgb': 7.0, 'step': 1}]  # of the epoch, not of iteration 1
    assert log.curve('loss') == ([10, 20], [3.0, 2.4]) and log.curve('mAP') == ([1, 2], [20.0, 19.0])
    assert log.curve('nothing') == ([], [])
    assert typical(log.train, 'time') == 1.5 and typical(log.train, 'nothing') is None


def test_a_run_without_evaluation_has_no_result(tmp_path: Path) -> None:
    log = read_run_log(tmp_path)
    assert log.last() == {} and log.best() == {}
    with pytest.raises(FileNotFoundError, match='not a directory'):
        read_run_log(tmp_path / 'nothing')


def test_the_environment_is_that_of_the_last_start_that_noted_one(run: Path) -> None:
    assert read_environment(run) == {}
    (run / '20260101_000000' / 'environment.json').write_text('{"torch": "2.14.1", "seed": 3}')
    assert read_environment(run) == {'torch': '2.14.1', 'seed': '3'}
    (run / '20260101_010000' / 'environment.json').write_text('{"torch": "2.1')  # cut off
    assert read_environment(run)['seed'] == '3'
    (run / '20260101_010000' / 'environment.json').write_text('{"seed": 4}')
    assert read_environment(run) == {'seed': '4'}


def test_checkpoints_are_found_by_pointer_and_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='no last checkpoint'):
        find_checkpoint(tmp_path)
    (tmp_path / 'epoch_2.pth').touch()
    (tmp_path / 'best_reid_mAP_epoch_1.pth').touch()
    assert find_checkpoint(tmp_path).name == 'epoch_2.pth'
    elsewhere = tmp_path / 'original'
    elsewhere.mkdir()
    (elsewhere / 'epoch_1.pth').touch()
    (tmp_path / 'epoch_1.pth').touch()
    (tmp_path / 'last_checkpoint').write_text(str(elsewhere / 'epoch_1.pth'))
    assert find_checkpoint(tmp_path) == tmp_path / 'epoch_1.pth'  # the copy in the folder, as when resuming


def test_config_and_pictures(run: Path) -> None:
    with pytest.raises(FileNotFoundError, match='no configuration'):
        find_run_config(run)
    (run / 'next_synthetic.py').touch()
    assert find_run_config(run).name == 'next_synthetic.py'
    for place in ('a.png', '20260101_000000/vis_data/old.png', '20260101_010000/vis_data/new.jpg', 'notes.txt'):
        (run / place).touch()
    (run.parent / 'private.png').touch()
    (run / 'b.png').symlink_to(run.parent / 'private.png')
    assert [path.name for path in find_pictures(run)] == ['new.jpg', 'old.png', 'a.png']
