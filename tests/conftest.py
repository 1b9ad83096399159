"""What all tests share: one thread and fresh seeds, mmengine's global names put back, and the optional shared data."""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope, init_default_scope
from mmengine.visualization import Visualizer

torch.set_num_threads(1)
cv2.setNumThreads(0)  # as mmengine does: a forked loader worker would hang on the locks of OpenCV's threads


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the parity tests compute on a GPU: ``pytest -m real_size tests/methods --device cuda``."""
    parser.addoption('--device', default='cpu', help='where tensors are made that name no device (default: cpu)')


def pytest_configure(config: pytest.Config) -> None:
    """Make tensors on the device of ``--device``, in true single precision."""
    if config.getoption('--device') != 'cpu' and not config.option.collectonly:  # to list tests no GPU is needed
        torch.set_default_device(config.getoption('--device'))
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False


def pytest_xdist_auto_num_workers() -> int:
    """As many test processes as this process may use cores."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1


# The files that take longest, longest first. Workers begin with them and share what is short at the end; without this
# the last file runs alone for minutes (pyproject.toml: --no-loadscope-reorder keeps the order).
LONG_FILES = (
    'tests/test_end_to_end.py',
    'tests/analysis/test_tools.py',
    'tests/methods/test_contract.py',
    'tests/tools/test_benchmarks.py',
    'tests/test_docs.py',
    'tests/apis/inference/test_export.py',
    'tests/tour/test_tour.py',
    'tests/captioning/test_end_to_end.py',
    'tests/test_site.py',
    'tests/test_configs.py',
    'tests/analysis/studies/test_rows.py',
    'tests/engine/test_work_dir.py',
    'tests/engine/test_late_failures.py',
    'tests/synthetic/test_prepare.py',
    'tests/apis/inference/test_same_feature.py',
    'tests/apis/inference/test_shards.py',
    'tests/analysis/studies/test_runs.py',
    'tests/evaluation/test_memory.py',
    'tests/synthetic/test_fill_layout.py',
    'tests/engine/test_training.py',
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first."""
    root = Path(__file__).parents[1]
    rank = {root / name: place for place, name in enumerate(LONG_FILES)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose mark ``extra(*packages, program=None)`` names what is absent; ``.ci/run`` runs all of them."""
    for mark in item.iter_markers('extra'):
        missing = [name for name in mark.args if importlib.util.find_spec(name) is None]
        program = mark.kwargs.get('program')
        if program and not shutil.which(program):
            missing.append(program)
        if missing:
            pytest.skip(f'needs an extra: no {", ".join(missing)}')


TINY_CLIP: dict = json.loads((Path(__file__).parent / 'data' / 'tiny-clip-quickgelu.json').read_text())


@pytest.fixture(autouse=True, scope='module')
def _small_heap() -> None:
    """Take what a file finds (modules, caches) out of its collections of garbage; each dataset starts one."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _fresh_state() -> Iterator[None]:
    """Seed every test alike, find our classes first, and leave no logger or visualizer to the next test."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    init_default_scope('next_mm')
    yield
    for manager in (MMLogger, MessageHub, Visualizer, DefaultScope):
        manager._instance_dict.clear()


@pytest.fixture(scope='session')
def shared_dir() -> Path:
    """Folder with the published captions and specifications (``NEXT_MM_SHARED``); tests that
    read it skip without it."""
    default = Path(__file__).parents[2] / 'shared'
    folder = Path(os.environ.get('NEXT_MM_SHARED', default))
    if not (folder / 'data').is_dir():
        pytest.skip('no shared data here (set NEXT_MM_SHARED)')
    return folder


@pytest.fixture(scope='session')
def repo_dir() -> Path:
    """Root of the checkout."""
    return Path(__file__).parents[1]


@pytest.fixture(scope='session')
def tiny_clip() -> str:
    """Path of an open_clip model config of a CLIP that runs in milliseconds."""
    return str(Path(__file__).parent / 'data' / 'tiny-clip-quickgelu.json')


@pytest.fixture(scope='session')
def tiny_clip_gelu(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same CLIP with plain GELU."""
    path = Path(tmp_path_factory.mktemp('clip')) / 'tiny-clip.json'
    path.write_text(json.dumps({**TINY_CLIP, 'quick_gelu': False}))
    return str(path)


@pytest.fixture
def model_cfg(tiny_clip: str) -> dict:
    """The full NEXT model without captions' tower, on the tiny CLIP."""
    return {
        'type': 'NEXTReID',
        'num_classes': 4,
        'data_preprocessor': {'type': 'TripletPreprocessor', 'mean': [127.5] * 3, 'std': [127.5] * 3},
        'backbone': {'type': 'CLIPVisual', 'model_name': tiny_clip, 'pretrained': None, 'image_size': (32, 16)},
        'text': {'type': 'CLIPText', 'model_name': tiny_clip, 'pretrained': None},
        'neck': {
            'type': 'MultiGrainedExperts',
            'semantic': {'type': 'TMSE', 'num_experts': 3},
            'structure': {'type': 'CSSE', 'num_experts': 3},
        },
        'head': {'type': 'MGFAHead', 'num_heads': 4},
        'branches': {'experts': {'losses': {'id': {'type': 'CrossEntropy'}, 'triplet': {'type': 'TripletLoss'}}}},
    }


@pytest.fixture
def baseline_cfg(model_cfg: dict) -> dict:
    """The plain baseline on the tiny CLIP."""
    shared = {key: model_cfg[key] for key in ('num_classes', 'data_preprocessor', 'backbone')}
    return {'type': 'BaselineReID', **shared, 'branches': {'classes': model_cfg['branches']['experts']}}
