"""Each upstream break that next_mm.compat absorbs: there, or not needed, and nothing more let through."""

import logging
import pickle
import subprocess
import sys
from contextlib import AbstractContextManager
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import mmengine
import numpy as np
import open_clip
import pytest
import torch
from mmengine.config import Config, config
from mmengine.logging import HistoryBuffer
from open_clip import factory
from yapf.yapflib import yapf_api

from next_mm import compat
from next_mm.models.clip.loading import load_clip


class Getattr:
    """Pickles to a call of getattr."""

    def __init__(self, *args: object) -> None:
        self.args = args

    def __reduce__(self) -> tuple:
        return getattr, self.args


def test_import_of_the_package_is_cheap() -> None:
    code = 'import next_mm, sys; assert "torch" not in sys.modules and "mmengine" not in sys.modules'
    subprocess.run([sys.executable, '-c', code], check=True, cwd=Path(__file__).parents[1])


def test_history_buffers_and_numpy_values_load(tmp_path: Path) -> None:
    compat.allow_checkpoint_types()
    buffer = HistoryBuffer()
    for value in (1.0, 2.0, 6.0):
        buffer.update(value)
    torch.save(dict(loss=buffer, best=np.float64(2.5), counts=np.arange(3)), tmp_path / 'state.pth')
    state = torch.load(tmp_path / 'state.pth', weights_only=True)
    assert state['loss'].mean() == 3.0
    assert state['loss'].current() == 6.0
    assert state['best'] == 2.5
    assert state['counts'].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    'args', [(HistoryBuffer, '__init__'), (HistoryBuffer, 'statistics'), (np.ndarray, 'tofile'), (dict, 'mean')]
)
def test_getattr_gives_nothing_but_the_four_statistics(tmp_path: Path, args: tuple) -> None:
    compat.allow_checkpoint_types()
    torch.save(Getattr(*args), tmp_path / 'evil.pth')
    with pytest.raises(pickle.UnpicklingError, match='Weights only'):
        torch.load(tmp_path / 'evil.pth', weights_only=True)


def test_installed_packages_are_found_without_pkg_resources() -> None:
    assert compat._is_installed('mmengine')
    assert not compat._is_installed('no_such_package')
    assert Path(compat._get_installed_path('mmengine')) == Path(mmengine.__file__).parent
    assert Path(compat._get_installed_path('mmcv-lite')).name == 'mmcv'
    with pytest.raises(PackageNotFoundError):
        compat._get_installed_path('no_such_package')


def test_configs_of_other_packages_can_be_bases(tmp_path: Path) -> None:
    compat.replace_pkg_resources()
    (tmp_path / 'leaf.py').write_text("_base_ = ['mmpretrain::_base_/default_runtime.py']\n")
    assert Config.fromfile(str(tmp_path / 'leaf.py')).default_scope == 'mmpretrain'


def test_launchers_that_need_a_gpu_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    with pytest.raises(ValueError, match='dist_train.sh'):
        compat.init_distributed('slurm', {})
    compat.init_distributed('none', {})


def test_a_config_is_formatted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    formatted = []

    def theirs(text: str, **options: object) -> tuple[str, bool]:
        formatted.append(text)
        return yapf_api.FormatCode(text, **options)

    monkeypatch.setattr(config, 'FormatCode', theirs)
    compat.remember_formatted_configs()
    compat.remember_formatted_configs()  # once more changes nothing
    cfg = Config(dict(model=dict(type='A', steps=[1, 2]), work_dir='a'))
    texts = [cfg.pretty_text for _ in range(3)]
    cfg.work_dir = 'b'
    assert len(formatted) == 1 and cfg.pretty_text == texts[0].replace("'a'", "'b'") and len(formatted) == 2
    assert texts == ["model = dict(\n    steps=[\n        1,\n        2,\n    ], type='A')\nwork_dir = 'a'\n"] * 3


def fail_in(context: AbstractContextManager) -> None:
    with context:
        raise RuntimeError('damaged')


def test_open_clips_resize_is_put_back() -> None:
    theirs = factory.resize_pos_embed
    with compat.replace_position_resize(print):
        assert factory.resize_pos_embed is print
    assert factory.resize_pos_embed is theirs
    with pytest.raises(RuntimeError, match='damaged'):
        fail_in(compat.replace_position_resize(print))
    assert factory.resize_pos_embed is theirs


def test_open_clip_still_takes_grids_to_be_square() -> None:
    """When this fails, ``replace_position_resize`` may be needed no more."""
    state = {'visual.positional_embedding': torch.zeros(1 + 5 * 3, 1)}
    with pytest.raises(RuntimeError, match='invalid for input of size'):
        factory.resize_pos_embed(state, SimpleNamespace(visual=SimpleNamespace(grid_size=(7, 3))))


def test_open_clip_calls_weights_random_only_where_they_are(
    tiny_clip: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level('WARNING'):
        model = load_clip(tiny_clip, None)
        torch.save(model.state_dict(), tmp_path / 'clip.pt')
        assert 'initialized randomly' not in caplog.text
        caplog.clear()
        load_clip(tiny_clip, str(tmp_path / 'clip.pt'))
        assert 'random' not in caplog.text
        logging.getLogger().warning('Model initialized randomly')
        assert 'initialized randomly' in caplog.text  # the filter is gone again


def test_open_clip_still_calls_weights_random_before_it_loads_them(
    tiny_clip: str, caplog: pytest.LogCaptureFixture
) -> None:
    """When this fails, ``without_random_weights_warning`` may be needed no more."""
    load_clip(tiny_clip, None)  # open_clip knows the model now
    with caplog.at_level('WARNING'):
        open_clip.create_model(Path(tiny_clip).stem, pretrained=None)
    assert 'initialized randomly' in caplog.text


SIGNALS = """
import os
import signal

import openvino
from openvino import opset13

from next_mm import compat

signal.signal(signal.SIGUSR1, lambda *_: print('handled', flush=True))
given = opset13.parameter([2, 2])
model = openvino.Model([opset13.relu(given)], [given])
first = compat.openvino_core().compile_model(model, 'CPU')
second = compat.openvino_core().compile_model(model, 'CPU')
del first
del second
os.kill(os.getpid(), signal.SIGUSR1)
"""


@pytest.mark.extra('openvino')
def test_signals_are_handled_after_two_openvino_models() -> None:
    """With a Core for each model the process ends with a segmentation fault."""
    done = subprocess.run(
        [sys.executable, '-c', SIGNALS], capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    assert (done.returncode, done.stdout) == (0, 'handled\n'), done.stderr
