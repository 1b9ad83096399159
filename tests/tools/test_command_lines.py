"""The command lines: help without loading torch, mistakes told in words."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob('tools/*.py'))
SCRIPTS = ['tools/dist_train.sh', 'tools/dist_test.sh', 'tools/slurm_train.sh']

HELP = """
import runpy, sys
sys.argv = [{tool!r}, '--help']
try:
    runpy.run_path({tool!r}, run_name='__main__')
except SystemExit as error:
    assert not error.code
assert 'torch' not in sys.modules, 'torch was loaded for the help'
"""


def test_the_tools_are_found() -> None:
    assert {'tools/train.py', 'tools/test.py', 'tools/print_config.py', 'tools/model_complexity.py'} <= set(TOOLS)


@pytest.mark.parametrize('tool', TOOLS)
def test_help_is_quick(tool: str) -> None:
    done = subprocess.run(
        [sys.executable, '-c', HELP.format(tool=tool)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert 'usage' in done.stdout


@pytest.mark.parametrize('script', SCRIPTS)
def test_scripts_say_how_they_are_used(script: str) -> None:
    subprocess.run(['bash', '-n', script], cwd=ROOT, check=True)
    done = subprocess.run(['bash', script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert f'{script} ' in done.stderr.replace(str(ROOT) + '/', '')


def test_print_config_shows_all_bases_and_names_misspelt_options(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)

    def print_config(option: str) -> str:
        words = ['tools/print_config.py', 'configs/next_synthetic.py', '--cfg-options', option]
        monkeypatch.setattr(sys, 'argv', words)
        runpy.run_path(words[0], run_name='__main__')
        return capsys.readouterr().out

    good = print_config('model.neck.semantic.sampling=topk')
    assert "sampling='topk'" in good
    assert "type='RankListHook'" in good
    with pytest.raises(SystemExit) as bad:
        print_config('model.neck.semantic.samplng=topk')
    told = "error: model.neck.semantic (TMSE): unknown key 'samplng'; did you mean 'sampling'?"
    assert bad.value.code == told
