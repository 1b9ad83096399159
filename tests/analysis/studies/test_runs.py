"""Runs of a study: shared, resumed and allowed to fail; tables from what is there."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from next_mm.analysis.studies import Row
from next_mm.analysis.studies.runner import Launcher, plan, read_outcome, run_tasks
from next_mm.analysis.studies.table import collect, study_table

FAKE_TRAIN = Path(__file__).with_name('fake_train.py')
FAKE_UNTRAINED = Path(__file__).with_name('fake_untrained.py')
LOADERS = dict(train_dataloader=dict(batch_size=8), val_dataloader=dict(batch_size=4))


def make_row(name: str, digest: str | None = None) -> Row:
    return Row(
        name, f'row {name}', Path(f'{name}.py'), {'real': {'mAP': 82.4, 'R-1': 86.6}}, digest or name, Config(LOADERS)
    )


def launcher(**options: Any) -> Launcher:
    return Launcher(train_script=FAKE_TRAIN, test_script=FAKE_UNTRAINED, **options)


def starts(root: Path) -> list[str]:
    return (root / 'starts.txt').read_text().splitlines()


def test_every_row_and_seed_runs_once_and_is_kept(tmp_path: Path) -> None:
    rows = [make_row('s_a'), make_row('s_b')]
    events = []
    run_tasks(
        plan(rows, 3, tmp_path), launcher(), report=lambda task, event: events.append((task.row.name, task.seed, event))
    )
    assert len(starts(tmp_path)) == 6
    assert starts(tmp_path)[0] == 's_a 0 resume=False batch=8 gpu=None'
    assert [event for event in events if event[2] == 'done'] == [
        (row, seed, 'done') for seed in range(3) for row in ('s_a', 's_b')
    ]
    run_tasks(plan(rows, 3, tmp_path), launcher())
    assert len(starts(tmp_path)) == 6


def test_rows_with_equal_configurations_share_their_run(tmp_path: Path) -> None:
    rows = [make_row('table4_d', 'same'), make_row('table6_d', 'same')]
    run_tasks(plan(rows[:1], 1, tmp_path), launcher())
    run_tasks(plan(rows, 1, tmp_path), launcher())
    assert starts(tmp_path) == ['table4_d 0 resume=False batch=8 gpu=None']
    assert [result.metrics['mAP'] for result in collect(rows, 1, tmp_path)] == [[8.0], [8.0]]


def test_a_failure_is_a_row_and_is_tried_again_on_request_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [make_row('s_bad'), make_row('s_good')]
    run_tasks(plan(rows, 1, tmp_path), launcher())
    bad, good = collect(rows, 1, tmp_path)
    assert bad.errors == ['seed 0: ValueError: the row is bad'] and good.metrics['mAP'] == [8.0]
    assert '1 failed' in study_table('T', [bad, good], 'toy', synthetic=True).markdown()
    monkeypatch.setenv('FAKE_MENDED', '1')
    run_tasks(plan(rows, 1, tmp_path), launcher())
    assert len(starts(tmp_path)) == 2
    run_tasks(plan(rows, 1, tmp_path), launcher(), retry_failed=True)
    assert len(starts(tmp_path)) == 3
    assert collect(rows, 1, tmp_path)[0].metrics['mAP'] == [8.0]


def test_runs_share_the_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    run_tasks(plan([make_row(f's_{n}') for n in range(4)], 1, tmp_path), launcher(devices=(0, 1)))
    task = plan([make_row('s_0')], 1, tmp_path)[0]
    gpus = {line.split('gpu=')[1] for line in starts(tmp_path)}
    assert gpus <= {'0', '1'} and len(starts(tmp_path)) == 4
    assert launcher(devices=(None, None)).environment(task, None)['OMP_NUM_THREADS'] == str(
        max(1, (os.cpu_count() or 1) // 2)
    )


def test_the_prefix_goes_before_the_command(tmp_path: Path) -> None:
    command = launcher(prefix='srun --gres=gpu:1').command(plan([make_row('s_a')], 1, tmp_path)[0])
    assert command[:3] == ['srun', '--gres=gpu:1', sys.executable] and command[-2:] == [
        '--cfg-options',
        'randomness.seed=0',
    ]


STUDY = """
import signal
import sys
from pathlib import Path
# A shell that starts the tests in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
from tests.analysis.studies.test_runs import launcher, make_row
from next_mm.analysis.studies.runner import plan, run_tasks
run_tasks(plan([make_row('s_a'), make_row('s_b')], 1, Path(sys.argv[1])), launcher())
"""


def start_study(root: Path, hang: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, 'FAKE_HANG': hang, 'PYTHONPATH': str(Path(__file__).parents[3])}
    study = subprocess.Popen([sys.executable, '-c', STUDY, str(root)], env=environment, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if list(root.glob(f'{hang}-*/seed0/last_checkpoint')):
            return study
        time.sleep(0.05)
    raise AssertionError('the study did not start')


def test_an_interrupted_study_ends_its_child_and_resumes(tmp_path: Path) -> None:
    study = start_study(tmp_path, 's_b')
    study.send_signal(signal.SIGINT)
    assert study.wait(20) != 0
    rows = [make_row('s_a'), make_row('s_b')]
    assert [len(result.minutes) for result in collect(rows, 1, tmp_path)] == [1, 0]
    assert collect(rows, 1, tmp_path)[1].missing == 1
    run_tasks(plan(rows, 1, tmp_path), launcher())  # would wait a minute if the child still lived
    begun = [line.split(' batch')[0] for line in starts(tmp_path)]
    assert begun == ['s_a 0 resume=False', 's_b 0 resume=False', 's_b 0 resume=True']


def test_a_run_that_outlives_its_killed_study_is_not_started_twice(tmp_path: Path) -> None:
    study = start_study(tmp_path, 's_a')
    study.kill()
    study.wait(20)
    work_dir = plan([make_row('s_a')], 1, tmp_path)[0].work_dir
    held = subprocess.run(['flock', '--nonblock', str(work_dir / '.lock'), 'true'], check=False)
    assert held.returncode == 1
    child = next(int(pid) for pid in os.listdir('/proc') if pid.isdigit() and is_child(int(pid), work_dir))
    os.kill(child, signal.SIGKILL)


def is_child(pid: int, work_dir: Path) -> bool:
    try:
        words = Path(f'/proc/{pid}/cmdline').read_bytes()
        return str(work_dir).encode() in words and b'fake_train' in words
    except OSError:
        return False


def test_the_table_shows_the_last_epoch_its_spread_and_the_paper_on_real_data_only(tmp_path: Path) -> None:
    rows = [make_row('s_a')]
    run_tasks(plan(rows, 3, tmp_path), launcher())
    results = collect(rows, 3, tmp_path)
    assert results[0].metrics['mAP'] == [8.0, 9.0, 10.0] and results[0].best == [10.0, 11.0, 12.0]
    assert results[0].train_rate == [16.0] * 3 and results[0].test_rate == [16.0] * 3  # 8 / 0.5 s, 4 / 0.25 s
    real, synthetic = (study_table('T', results, 'real', synthetic=flag).markdown() for flag in (False, True))
    assert '9.0 ± 1.0' in real and '82.4' in real
    assert '82.4' not in synthetic and 'synthetic' in synthetic
    assert read_outcome(plan(rows, 3, tmp_path)[0].work_dir)['machine']


def test_a_study_that_asks_for_it_tests_every_row_untrained_once(tmp_path: Path) -> None:
    rows = [make_row('s_a')]
    run_tasks(plan(rows, 2, tmp_path), launcher())
    assert 'untrained mAP' not in study_table('T', collect(rows, 2, tmp_path), 'real', synthetic=True).markdown()
    rows = [dataclasses.replace(row, untrained=True) for row in rows]
    for _ in range(2):  # also where the training has ended already, and not a second time
        run_tasks(plan(rows, 2, tmp_path), launcher())
    assert (tmp_path / 'untrained.txt').read_text() == 's_a 0\ns_a 1\n'
    results = collect(rows, 2, tmp_path)
    assert results[0].untrained == [4.0, 5.0]
    assert '4.5' in study_table('T', results, 'real', synthetic=True).markdown()


def test_a_row_is_trained_from_a_config_of_its_own(tmp_path: Path) -> None:
    row = make_row('s_a')
    task = plan([row], 1, tmp_path)[0]
    run_tasks([task], launcher())
    written = Config.fromfile(str(task.config))
    assert task.config == tmp_path / 's_a-s_a' / 's_a.py' and written.to_dict() == row.resolved.to_dict()
    assert 'work_dir' not in written
