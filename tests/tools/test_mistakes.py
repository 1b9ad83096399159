"""A mistake of the user ends every command line in one line that names it; a fault of the
program keeps its traceback."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from next_mm.errors import CheckpointError, ConfigError, DataError
from next_mm.utils.command_line import command_line
from tests.datasets.trees import make_rgbnt201
from tests.toys import toy_config  # noqa: F401 - registers ToyReID

ROOT = Path(__file__).parents[2]

CONFIG = """
default_scope = 'next_mm'
model = dict(type='ToyReID', num_classes=3)
_pipeline = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(8, 4)), dict(type='PackTriplet')]
_loader = dict(num_workers=0, collate_fn=dict(type='collate_triplets'))
_dataset = dict(type='RGBNT201', data_root='{root}', pipeline=_pipeline)
train_dataloader = dict(
    **_loader, batch_size=4, sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='IdentityBatchSampler', num_instances=2), dataset=_dataset)
val_dataloader = dict(
    **_loader, batch_size=4, sampler=dict(type='DefaultSampler', shuffle=False), dataset=dict(split='test', **_dataset))
test_dataloader = val_dataloader
val_evaluator = dict(type='ReIDMetric')
test_evaluator = dict(type='ReIDMetric')
train_cfg = dict(by_epoch=True, max_epochs=1, val_interval=1)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.01))
custom_hooks = [dict(type='IdentityCountHook')]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config over a small dataset whose model is never reached."""
    make_rgbnt201(tmp_path / 'data')
    path = tmp_path / 'leaf.py'
    path.write_text(CONFIG.replace('{root}', str(tmp_path / 'data')))
    return path


def call(tool: str, *words: object) -> str:
    """Run a tool in this process; return the text that it ends with."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(sys, 'argv', [tool, *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')
    return str(ended.value.code)


def train(config: Path, *options: str, flags: tuple[str, ...] = ()) -> str:
    words = [config, '--work-dir', config.parent / 'work', *flags]
    return call('train.py', *words, *(['--cfg-options', *options] if options else []))


@pytest.mark.parametrize(
    'options, flags, message',
    [
        (
            ['model.num_classes=7'],
            (),
            'model.num_classes is 7, but RGBNT201 has 3 training identities; set model.num_classes=3',
        ),
        (['train_dataloader.batch_size=16'], (), 'RGBNT201: 3 training identities, but a batch takes P = 8; lower'),
        (
            ['train_dataloader.batch_size=5'],
            (),
            'IdentityBatchSampler: batch_size=5 should be a positive multiple of num_instances=2',
        ),
        (
            ['val_evaluator.exclude=cam'],
            (),
            "ReIDMetric.exclude='cam': expected one of 'same camera', 'same scene', 'itself'",
        ),
        (['val_evaluator.rerank.k1=0'], (), 'rerank.k1=0: expected a whole number from 1'),
        ([], ('--amp', 'fp16'), 'AutocastOptimWrapper: fp16 needs a GPU; on the CPU use bf16'),
        (['train_cfg.max_epochs=two'], (), "train_cfg.max_epochs: expected a whole number, got 'two'"),
        (['train_dataloader.dataset.split=val'], (), "RGBNT201.split='val': expected one of 'train', 'test'"),
        (['train_dataloader.dataset.pipeline.9.size=3'], (), 'train_dataloader.dataset.pipeline.9'),
        (['model.num_classes.x=3'], (), 'model.num_classes'),
    ],
)
def test_what_a_config_gets_wrong(config: Path, options: list[str], flags: tuple[str, ...], message: str) -> None:
    ended = train(config, *options, flags=flags)
    assert ended.startswith('error: ') and message in ended
    assert '\n' not in ended


def test_an_option_without_a_value(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for tool in (
        'train.py',
        'print_config.py',
        'check_dataset.py',
        'cache_text.py',
        'model_complexity.py',
        'analysis/tsne.py',
    ):
        assert call(tool, config, '--cfg-options', 'train_cfg.max_epochs') == '2'
        assert "argument --cfg-options: expected KEY=VALUE, got 'train_cfg.max_epochs'" in capsys.readouterr().err
    assert call('run_study.py', 'table4', '--cfg-options', 'train_cfg.max_epochs') == '2'
    assert "expected KEY=VALUE, got 'train_cfg.max_epochs'" in capsys.readouterr().err


def test_a_missing_partner_picture(config: Path) -> None:
    (config.parent / 'data/train_171/NI/000030_cam1_0_00.jpg').unlink()
    ended = train(config)
    assert ended.startswith('error: RGBNT201: 1 of 12 training triplets have no NI picture, first: ')


@pytest.mark.parametrize('workers', [0, 1])
def test_a_truncated_picture_also_in_a_worker(config: Path, workers: int) -> None:
    for path in (config.parent / 'data/train_171/NI').iterdir():
        path.write_bytes(path.read_bytes()[:200])
    ended = train(config, f'train_dataloader.num_workers={workers}')
    assert ended.startswith(f'error: {config.parent}/data/train_171/NI/0000')
    assert 'the picture is truncated or damaged' in ended
    assert '\n' not in ended


def test_a_broken_caption_file(config: Path) -> None:
    (config.parent / 'data/text/train_NI.json').write_text('[{')
    assert 'train_NI.json: not a readable JSON file' in train(config)
    (config.parent / 'data/text/train_NI.json').write_text('[{"item": "other.jpg", "description": "A person."}]')
    assert 'none of the 1 captions' in train(config)


def test_a_work_dir_that_is_a_file(config: Path) -> None:
    (config.parent / 'work').write_text('')
    assert train(config) == f'error: work_dir={str(config.parent / "work")!r}: expected a folder, got a file'


@pytest.mark.parametrize(
    'tool', ['train.py', 'check_dataset.py', 'print_config.py', 'model_complexity.py', 'cache_text.py']
)
def test_a_config_that_is_not_there_or_misspelt(config: Path, tool: str) -> None:
    assert call(tool, config.parent / 'none.py') == f'error: {config.parent / "none.py"}: no such config file'
    assert call(tool, config, '--cfg-options', 'model.num_clases=3').startswith(
        "error: model (ToyReID): unknown key 'num_clases'"
    )
    config.write_text('model = dict(')
    assert call(tool, config).startswith(f'error: {config}: ')


def test_a_checkpoint_that_is_not_there(config: Path, tmp_path: Path) -> None:
    words = ['--config', config, '--out-dir', tmp_path]
    for tool in ('missing_modalities.py', *(f'analysis/{name}.py' for name in ('tsne', 'distances', 'rank_list'))):
        assert call(tool, tmp_path / 'none.pth', *words) == f'error: {tmp_path / "none.pth"}: no such checkpoint file'
    ended = call('analysis/distances.py', tmp_path / 'none.pth', *words, '--labels', 'a', 'b')
    assert ended == 'error: --labels: expected one for each of the 1 runs, got 2'
    assert call('report.py', tmp_path / 'none').startswith(f'error: {tmp_path / "none"}')
    assert call('run_study.py', 'table0').startswith("error: study 'table0': no file ")
    assert call('test.py', config, tmp_path / 'none.pth', '--work-dir', tmp_path / 'work').endswith(
        'none.pth: no such checkpoint file'
    )


@command_line
def end_with(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    'error, message',
    [
        (ConfigError('a'), 'error: a'),
        (DataError('b'), 'error: b'),
        (CheckpointError('c'), 'error: c'),
        (FloatingPointError('d'), 'error: d'),
        (FileExistsError(17, 'File exists', 'x.txt'), 'error: x.txt: File exists'),
        (FileNotFoundError('x.py: none'), 'error: x.py: none'),
    ],
)
def test_named_errors_are_told_and_no_others(error: Exception, message: str) -> None:
    with pytest.raises(SystemExit) as ended:
        end_with(error)
    assert ended.value.code == message
    for fault in (ValueError('x'), KeyError('x'), TypeError('x'), RuntimeError('x')):
        with pytest.raises(type(fault)):
            end_with(fault)


def test_an_interrupt_is_no_traceback(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        end_with(KeyboardInterrupt())
    assert ended.value.code == 130 and capsys.readouterr().err == 'Stopped: interrupted.\n'


def test_the_traceback_is_in_the_debug_log(config: Path) -> None:
    train(config, 'model.num_classes=7', 'log_level=DEBUG')
    log = next((config.parent / 'work').glob('*/*.log')).read_text()
    assert 'Traceback (most recent call last)' in log and 'in before_train' in log
