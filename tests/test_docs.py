"""Documents do not lie: what they tell a user to type is understood, and what a user types first is run."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from next_mm.apis import load_config
from projects.synthetic.dataset import write_dataset
from tests import documents
from tests.datasets.trees import write_captions
from tests.documents import CONFIGS, DOCUMENTS, FOREIGN, ROOT, TOOLS, Command, Passage
from tests.dry_runs import check_python, check_shell, run_python
from tests.toys import toy_config


def _all_commands() -> list[Command]:
    """Every command once, under the first place that shows it."""
    found = [command for path in DOCUMENTS for command in documents.document_commands(path)]
    found += [command for path in [*CONFIGS, *TOOLS] for command in documents.comment_commands(path)]
    return list({(command.words, command.variables): command for command in reversed(found)}.values())[::-1]


COMMANDS = _all_commands()
NEEDS = {'tools/serve.py': 'fastapi', 'tools/search_page.py': 'gradio'}
"""Programs that need an extra, and a package of it."""
SNIPPETS = [
    passage
    for path in DOCUMENTS
    if path.name != 'CONTRIBUTING.md'  # its example is run by tests/test_own_method.py
    for passage in documents.passages(path)
    if passage.language == 'python'
]


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_commands_are_found() -> None:
    shown = {' '.join(command.words) for command in COMMANDS}
    assert {
        'pip install -e .',
        'tools/dist_train.sh configs/next_rgbnt201.py 4',
        'pytest tests/models/text -m real_size',
        'python tools/run_study.py fig8 --dataset rgbnt201',
        'python tools/benchmarks/growth.py --repeats 3',
        'python tools/train.py configs/next_market_mm.py --cfg-options model.text=None',
    } <= shown
    places = {command.place.split(':')[0] for command in COMMANDS}
    assert {
        'README.md',
        'CONTRIBUTING.md',
        'projects/synthetic/README.md',
        'configs/baseline_synthetic.py',
        'tools/slurm_train.sh',
    } <= places


def _case(command: Command) -> Any:
    packages = [package for program, package in NEEDS.items() if program in command.words]
    return pytest.param(command, id=command.place, marks=[pytest.mark.extra(*packages)] if packages else [])


@pytest.mark.parametrize('command', map(_case, COMMANDS))
def test_a_command_is_understood(command: Command, tmp_path: Path) -> None:
    for variable in command.variables:
        name = variable.partition('=')[0]
        assert name in _sources('configs', 'next_mm', 'tests', 'tools'), f'{command}: nothing reads {name}'
    program, *arguments = command.words or ['export']
    if program in ('python', 'python3'):
        check_python(arguments)
    elif program.endswith('.sh'):
        check_shell(command.words, dict(variable.split('=', 1) for variable in command.variables), tmp_path)
    elif program.endswith('.py'):
        check_python(command.words)
    elif program == 'pytest':
        _check_pytest(arguments)
    elif program == 'pip':
        _check_pip(arguments)
    else:
        assert program in ('export', *FOREIGN), f'{command}: what is {program}?'


@cache
def _sources(*folders: str) -> str:
    """The code that could read a variable or have an option."""
    paths = [path for folder in folders for path in (ROOT / folder).rglob('*')]
    return '\n'.join(
        path.read_text(encoding='utf-8') for path in paths if path.suffix in ('.py', '.sh') and path != Path(__file__)
    )


def _check_pytest(arguments: list[str]) -> None:
    if arguments:  # those of the whole suite are being run
        assert pytest.main(['--collect-only', '-q', '-s', '-p', 'no:cacheprovider', *arguments]) == pytest.ExitCode.OK


def _check_pip(arguments: list[str]) -> None:
    setup = (ROOT / 'setup.py').read_text(encoding='utf-8')
    for extra in ','.join(re.findall(r'\.\[([\w,-]+)\]', ' '.join(arguments))).split(','):
        assert not extra or f"'{extra}': " in setup.partition('extras_require=')[2], f'setup.py has no extra {extra}'


@pytest.mark.parametrize('path', DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_options_that_a_document_names_are_there(path: Path) -> None:
    for passage in documents.file_names(path):
        assert list(ROOT.glob(passage.text)), f'{passage.place}: no {passage.text}'
    for place, option in documents.option_names(path):
        assert option == '--help' or f"'{option}'" in _sources('next_mm', 'projects', 'tools'), (
            f'{place}: no tool has {option}'
        )


def test_every_tool_is_in_a_document() -> None:
    text = '\n'.join(path.read_text(encoding='utf-8') for path in DOCUMENTS)
    tools = [str(path.relative_to(ROOT)) for path in TOOLS if path.parent.name != 'benchmarks']
    assert len(tools) > 10
    assert [tool for tool in tools if tool not in text and Path(tool).name not in text] == []


@pytest.mark.parametrize('passage', SNIPPETS, ids=lambda passage: passage.place)
def test_python_in_a_document_is_a_config_that_is_accepted(passage: Passage, tmp_path: Path) -> None:
    text = passage.text if '_base_' in passage.text else f"_base_ = ['next_synthetic.py']\n{passage.text}"
    for path in (ROOT / 'configs').iterdir():  # a config of one's own stands beside ours
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / 'from_the_document.py').write_text(text)
    load_config(tmp_path / 'from_the_document.py')


# What no other test runs: the other tools are run in tests/tools, tests/datasets, tests/analysis and
# tests/test_end_to_end.py.


def _shown(beginning: str) -> list[str]:
    """The words of the first command that begins so, after ``python`` if it is that."""
    words = next(command.words for command in COMMANDS if ' '.join(command.words).startswith(beginning))
    return list(words[words[0] == 'python' :])


def test_a_model_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    tool, _ = _shown('python tools/model_complexity.py configs/next_rgbnt201.py')
    run_python([tool, 'configs/next_synthetic.py'])
    assert re.search(r'sum\s+│\s+1\.40 ', capsys.readouterr().out)  # as in Table IV (d) on the synthetic data


def test_a_layout_is_filled(tmp_path: Path) -> None:
    for split, name in (('train', '000001_cam1_0_00.jpg'), ('test', '000258_cam1_0_01.jpg')):
        write_captions(tmp_path / 'captions', split, [name])
    options = [
        '--captions',
        str(tmp_path / 'captions'),
        '--out',
        str(tmp_path / 'filled'),
        '--limit',
        '1',
        '--workers',
        '1',
        '--size',
        '32',
        '16',
    ]
    run_python([*_shown('python -m projects.synthetic.fill_layout rgbnt201'), *options])
    assert len(list((tmp_path / 'filled').rglob('*.jpg'))) == 6


def test_two_processes_test_a_checkpoint_as_one(tmp_path: Path) -> None:
    config = toy_config(tmp_path / 'run', custom_imports=dict(imports=['tests.toys']))
    config.dump(tmp_path / 'toy.py')
    run_python([_shown('python tools/train.py CONFIG')[0], str(tmp_path / 'toy.py')])
    expected = json.loads((tmp_path / 'run' / 'metrics.json').read_text())[-1]
    script = _shown('tools/dist_test.sh CONFIG CHECKPOINT')[0]
    command = [
        f'./{script}',
        str(tmp_path / 'toy.py'),
        str(tmp_path / 'run' / 'epoch_3.pth'),
        '2',
        '--out',
        str(tmp_path / 'out.json'),
    ]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / 'out.json').read_text())['metrics']['reid/mAP'] == pytest.approx(expected['reid/mAP'])


def _environment() -> dict[str, str]:
    path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'
    return {**os.environ, 'PATH': path, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': '', 'PYTHONPATH': str(ROOT)}


def test_simulated_models_caption_the_synthetic(tmp_path: Path) -> None:
    data = tmp_path / 'RGBNT201'
    write_dataset(data, train_identities=2, test_identities=1, triplets=2, seed=0)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    server = [
        *_shown('python -m next_mm.captioning.simulation.server'),
        '--truth',
        str(data / 'attributes.json'),
        '--port',
        str(port),
    ]
    models = [f'models.{number}.base_url=http://127.0.0.1:{port}/v1' for number in range(2)]
    options = [f'dataset.data_root={data}', f'store={tmp_path}/store.sqlite', f'captions={tmp_path}/text', *models]
    with subprocess.Popen([sys.executable, *server], stdout=subprocess.PIPE, text=True, env=_environment()) as process:
        try:
            assert str(port) in process.stdout.readline()
            with pytest.raises(SystemExit) as end:
                run_python(
                    [
                        *_shown('python tools/generate_captions.py configs/captions/synthetic_simulated.py'),
                        '--cfg-options',
                        *options,
                    ]
                )
        finally:
            process.kill()
    assert end.value.code == 0
    entries = json.loads((tmp_path / 'text' / 'test_NI.json').read_text())
    assert [entry['item'] for entry in entries] == sorted(path.name for path in (data / 'test' / 'NI').iterdir())
    assert all(len(entry['description'].split()) > 5 for entry in entries)
