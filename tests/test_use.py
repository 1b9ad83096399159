"""The programs that docs/use.md shows run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from next_mm.apis.inference import load_bundle, write_pack
from tests.apis.inference.conftest import run_dir  # noqa: F401 (a fixture)
from tests.datasets.trees import write_picture

PAGE = Path(__file__).parents[1] / 'docs' / 'use.md'


def test_the_programs_of_the_page_run(
    run_dir: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_pack(load_bundle(run_dir), tmp_path / 'work_dirs' / 'model')
    for name in 'abcd':
        write_picture(tmp_path / f'{name}.jpg')
    monkeypatch.chdir(tmp_path)
    programs = re.findall(r'```py\n(.*?)```', PAGE.read_text(encoding='utf-8'), re.DOTALL)
    assert len(programs) == 2
    names: dict[str, object] = {}
    for program in programs:
        exec(compile(program, str(PAGE), 'exec'), names)
    printed = capsys.readouterr().out
    assert '(2, 96)' in printed
    assert "['first', 'd.jpg']" in printed
