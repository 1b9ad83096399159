"""Studies: rows from files, runs that are shared, resumed and allowed to fail, tables from what is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mmengine.config import Config

from next_mm.analysis import studies
from next_mm.analysis.studies import Row, digest_config, list_studies, load_row, load_study
from next_mm.analysis.study_runner import Launcher, plan, read_outcome, run_tasks
from next_mm.analysis.study_table import collect, study_table

FAKE_TRAIN = Path(__file__).with_name('fake_train.py')
LOADERS = dict(train_dataloader=dict(batch_size=8), val_dataloader=dict(batch_size=4))


def make_row(name: str, digest: str | None = None) -> Row:
    return Row(
        name, f'row {name}', Path(f'{name}.py'), {'real': {'mAP': 82.4, 'R-1': 86.6}}, digest or name, Config(LOADERS)
    )


def launcher(**kwargs) -> Launcher:
    return Launcher('toy', train_script=FAKE_TRAIN, **kwargs)


def starts(root: Path) -> list[str]:
    return (root / 'starts.txt').read_text().splitlines()


def test_every_row_and_seed_runs_once_and_is_kept(tmp_path):
    rows = [make_row('s_a'), make_row('s_b')]
    events = []
    run_tasks(
        plan(rows, 3, tmp_path), launcher(), report=lambda task, event: events.append((task.row.name, task.seed, event))
    )
    assert len(starts(tmp_path)) == 6
    assert starts(tmp_path)[0] == 's_a 0 resume=False dataset=toy gpu=None'
    assert [event for event in events if event[2] == 'done'] == [
        (row, seed, 'done') for seed in range(3) for row in ('s_a', 's_b')
    ]
    run_tasks(plan(rows, 3, tmp_path), launcher())
    assert len(starts(tmp_path)) == 6


def test_rows_with_equal_configurations_share_their_run(tmp_path):
    rows = [make_row('table4_d', 'same'), make_row('table6_d', 'same')]
    run_tasks(plan(rows[:1], 1, tmp_path), launcher())
    run_tasks(plan(rows, 1, tmp_path), launcher())
    assert starts(tmp_path) == ['table4_d 0 resume=False dataset=toy gpu=None']
    assert [result.metrics['mAP'] for result in collect(rows, 1, tmp_path)] == [[8.0], [8.0]]


def test_a_failure_is_a_row_and_is_tried_again_on_request_only(tmp_path, monkeypatch):
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


def test_runs_share_the_devices(tmp_path, monkeypatch):
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    run_tasks(plan([make_row(f's_{n}') for n in range(4)], 1, tmp_path), launcher(devices=(0, 1)))
    gpus = {line.split('gpu=')[1] for line in starts(tmp_path)}
    assert gpus <= {'0', '1'} and len(starts(tmp_path)) == 4
    assert launcher(devices=(None, None)).environment(None)['OMP_NUM_THREADS'] == str(
        max(1, (os.cpu_count() or 1) // 2)
    )


def test_the_prefix_goes_before_the_command(tmp_path):
    command = launcher(prefix='srun --gres=gpu:1', options=('a.b=1',)).command(plan([make_row('s_a')], 1, tmp_path)[0])
    assert command[:3] == ['srun', '--gres=gpu:1', sys.executable] and command[-2:] == ['randomness.seed=0', 'a.b=1']


STUDY = """
import signal
import sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts the tests in the background has it ignored
from tests.analysis.test_studies import launcher, make_row
from next_mm.analysis.study_runner import plan, run_tasks
run_tasks(plan([make_row('s_a'), make_row('s_b')], 1, Path(sys.argv[1])), launcher())
"""


def start_study(root: Path, hang: str) -> subprocess.Popen:
    environment = {**os.environ, 'FAKE_HANG': hang, 'PYTHONPATH': str(Path(__file__).parents[2])}
    study = subprocess.Popen([sys.executable, '-c', STUDY, str(root)], env=environment, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if list(root.glob(f'{hang}-*/seed0/last_checkpoint')):
            return study
        time.sleep(0.05)
    raise AssertionError('the study did not start')


def test_an_interrupted_study_ends_its_child_and_resumes(tmp_path):
    study = start_study(tmp_path, 's_b')
    study.send_signal(signal.SIGINT)
    assert study.wait(20) != 0
    rows = [make_row('s_a'), make_row('s_b')]
    assert [len(result.minutes) for result in collect(rows, 1, tmp_path)] == [1, 0]
    assert collect(rows, 1, tmp_path)[1].missing == 1
    run_tasks(plan(rows, 1, tmp_path), launcher())  # would wait a minute if the child still lived
    begun = [line.split(' dataset')[0] for line in starts(tmp_path)]
    assert begun == ['s_a 0 resume=False', 's_b 0 resume=False', 's_b 0 resume=True']


def test_a_run_that_outlives_its_killed_study_is_not_started_twice(tmp_path):
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


def test_the_table_shows_the_last_epoch_its_spread_and_the_paper_on_real_data_only(tmp_path):
    rows = [make_row('s_a')]
    run_tasks(plan(rows, 3, tmp_path), launcher())
    results = collect(rows, 3, tmp_path)
    assert results[0].metrics['mAP'] == [8.0, 9.0, 10.0] and results[0].best == [10.0, 11.0, 12.0]
    assert results[0].train_rate == [16.0] * 3 and results[0].test_rate == [16.0] * 3  # 8 / 0.5 s, 4 / 0.25 s
    real, synthetic = (study_table('T', results, 'real', synthetic=flag).markdown() for flag in (False, True))
    assert '9.0 ± 1.0' in real and '82.4' in real
    assert '82.4' not in synthetic and 'synthetic' in synthetic
    assert read_outcome(plan(rows, 3, tmp_path)[0].work_dir)['machine']


@pytest.fixture
def config_dir(tmp_path) -> Path:
    (tmp_path / '_base_' / 'experiments').mkdir(parents=True)
    for name in ('synthetic', 'real'):
        (tmp_path / '_base_' / 'experiments' / f'{name}.py').write_text(f"a = '{name}'\nb = 1\n")
    leaves = tmp_path / 'ablations'
    leaves.mkdir()
    base = "_base_ = ['../_base_/experiments/{{$NEXT_DATASET:real}}.py']\n"
    (leaves / 'own_a.py').write_text(base + "_row = dict(label='A')\n")
    (leaves / 'own_b.py').write_text(base + "_row = dict(label='B', paper=dict(real={'mAP': 1.0}))\nb = 2\n")
    (leaves / 'own_c.py').write_text(base + "_row = dict(label='C')\n")
    return leaves


@pytest.fixture
def _plain_loading(monkeypatch):
    import next_mm.apis

    monkeypatch.setattr(next_mm.apis, 'load_config', lambda path, options: Config.fromfile(str(path)))


@pytest.mark.usefixtures('_plain_loading')
def test_a_config_is_a_row(config_dir, monkeypatch):
    monkeypatch.delenv(studies.DATASET_VARIABLE, raising=False)
    assert {name: len(paths) for name, paths in list_studies(config_dir).items()} == {'own': 3}
    rows = load_study('own', 'synthetic', config_dir)
    assert [row.label for row in rows] == ['A', 'B', 'C'] and rows[1].paper == {'real': {'mAP': 1.0}}
    assert rows[0].resolved.a == 'synthetic' and studies.DATASET_VARIABLE not in os.environ
    assert rows[0].digest == rows[2].digest != rows[1].digest
    assert load_study('own', 'real', config_dir, ('b',))[0].digest != rows[1].digest


@pytest.mark.usefixtures('_plain_loading')
@pytest.mark.parametrize(
    'study, dataset, rows, said',
    [
        ('other', 'synthetic', (), r"study 'other' has no configs.*there are: own"),
        ('own', 'moon', (), "dataset 'moon' has no experiment; there are: synthetic, real"),
        ('own', 'synthetic', ('z',), "study 'own' has no row z; there are: a, b, c"),
    ],
)
def test_what_is_not_there_is_named(config_dir, study, dataset, rows, said):
    with pytest.raises(ValueError, match=said):
        load_study(study, dataset, config_dir, rows)


@pytest.mark.usefixtures('_plain_loading')
def test_a_row_without_label_is_refused(config_dir):
    (config_dir / 'own_d.py').write_text("_base_ = ['../_base_/experiments/synthetic.py']\n_row = dict(lable='D')\n")
    with pytest.raises(ValueError, match='expected _row=dict'):
        load_row(config_dir / 'own_d.py', 'synthetic')


def test_helpers_and_work_directories_do_not_change_the_digest():
    assert digest_config(Config(dict(a=1, _row=dict(label='x'), work_dir='p'))) == digest_config(Config(dict(a=1)))
    assert digest_config(Config(dict(a=1))) != digest_config(Config(dict(a=2)))
