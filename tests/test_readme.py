"""The program that README.md shows runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from next_mm.apis.inference import load_bundle, write_pack
from tests.apis.inference.conftest import run_dir  # noqa: F401 (a fixture)
from tests.datasets.trees import write_picture

README = Path(__file__).parents[1] / 'README.md'


def test_the_program_runs(
    run_dir: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_pack(load_bundle(run_dir), tmp_path / 'work_dirs' / 'model')
    for name in 'abcd':
        write_picture(tmp_path / f'{name}.jpg')
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(r'```py\n(.*?)```', README.read_text(encoding='utf-8'), re.DOTALL)
    exec(compile(program, str(README), 'exec'), {})
    assert "Entry(id='seen', identity=None, camera='gate 3'" in capsys.readouterr().out
