"""The config of a run's folder is read and never executed, whatever it names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from next_mm.apis import ConfigError, load_run_config
from tests.toys import toy_config


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run's folder below the current one, which is on the path, with the config that MMEngine would leave."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    run = tmp_path / 'runs' / 'handed'
    run.mkdir(parents=True)
    toy_config(run).dump(str(run / 'toy.py'))
    return run


def add(folder: Path, text: str) -> None:
    path = folder / 'toy.py'
    path.write_text(path.read_text() + text)


def test_it_is_the_config_that_was_dumped(folder: Path) -> None:
    read = load_run_config(folder, {'train_cfg.max_epochs': 7})
    expected = Config.fromfile(str(folder / 'toy.py'))
    expected.train_cfg.max_epochs = 7
    assert read.to_dict() == {**expected.to_dict(), 'work_dir': str(folder)}
    with pytest.raises(ConfigError, match=r"unknown key 'epochs'"):
        load_run_config(folder, {'epochs': 7})


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ("x = __import__('os').system('touch ran')\n", r"line \d+: __import__\('os'\).* is no plain value"),
        ("import os\nos.system('touch ran')\n", r'line \d+: expected an assignment to a name'),
        ("model['type'] = 'ToyReID'\n", r'expected an assignment to a name'),
        ("model = dict(**{'type': 'ToyReID'})\n", r'is no plain value'),
        ('model = dict(\n', 'it is not Python'),
        (
            "model = dict(type='subprocess.check_call', args=['touch', 'ran'])\n",
            r"model.type='subprocess.check_call' names a",
        ),
        ("prepare = dict(type='os.system', command='touch ran')\n", r"prepare.type='os.system'"),
        ("custom_hooks = [dict(type='os.system')]\n", r"custom_hooks.0.type='os.system'"),
        ("default_scope = 'runs'\n", r"default_scope='runs', expected one of"),
        ("custom_imports = dict(imports=['runs.handed.evil'])\n", r'names runs.handed.evil, which lies in or around'),
        ("custom_imports = ['runs.evil']\n", r'names runs.evil, which lies in or around'),
        ("custom_imports = dict(imports=['no_such_module'])\n", r'no_such_module cannot be imported'),
        ('custom_imports = dict(imports=[3])\n', r'expected names of modules, got \[3\]'),
    ],
)
def test_nothing_of_the_folder_is_executed(folder: Path, text: str, message: str) -> None:
    for place in (folder, folder.parent):
        (place / '__init__.py').write_text("open('ran', 'w')\n")
        (place / 'evil.py').write_text("open('ran', 'w')\n")
        (place / 'registry.py').write_text("open('ran', 'w')\n")
    add(folder, text)
    with pytest.raises(ConfigError, match=message):
        load_run_config(folder)
    assert not Path('ran').exists()


def test_a_module_of_ones_own_is_imported(folder: Path) -> None:
    Path('mine_for_this_test.py').write_text('LOADED = True\n')
    add(folder, "custom_imports = dict(imports=['mine_for_this_test'])\n")
    load_run_config(folder)
    assert sys.modules.pop('mine_for_this_test').LOADED
