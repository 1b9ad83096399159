"""The one command of an installed package, and the configs that it brings along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from next_mm.apis.config import find_config
from next_mm.command import COMMANDS, find_tools

ROOT = Path(__file__).parents[1]


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, '-m', 'next_mm.command', *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={'PYTHONPATH': str(ROOT), 'PATH': ''})


def test_every_command_has_its_tool() -> None:
    for name, (tool, _) in COMMANDS.items():
        assert (find_tools() / tool).is_file(), name


def test_it_lists_runs_and_refuses(tmp_path: Path) -> None:
    assert 'gallery' in run('--help', cwd=tmp_path).stdout
    help_text = run('gallery', '--help', cwd=tmp_path).stdout
    assert help_text.startswith('usage: next-mm gallery ')  # not the tool's file, which this user never sees
    wrong = run('galery', cwd=tmp_path)
    assert wrong.returncode == 1
    assert "unknown command 'galery'; did you mean 'gallery'?" in wrong.stderr


def test_the_projects_own_configs_are_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config('configs/next_rgbnt201.py').samefile(ROOT / 'configs' / 'next_rgbnt201.py')
    with pytest.raises(FileNotFoundError, match='no such config file'):
        find_config('configs/next_moon.py')
    with pytest.raises(FileNotFoundError, match='no such config file'):
        find_config('../setup.py')


def test_caption_configs_are_found_from_anywhere_too(tmp_path: Path) -> None:
    done = run('captions', 'configs/captions/own_local.py', '--dry-run', cwd=tmp_path)
    assert done.returncode == 2
    assert 'data/own' in done.stderr and 'no such config file' not in done.stderr  # found; its data are not there
