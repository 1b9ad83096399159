"""What all tests share: one thread and fresh seeds, mmengine's global names put back, and the optional shared data."""
from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope, init_default_scope
from mmengine.visualization import Visualizer

torch.set_num_threads(1)


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
    """Folder with the published captions and specifications (``NEXT_MM_SHARED``); tests that read it skip without it."""
    default = Path(__file__).parents[2] / 'shared'
    folder = Path(os.environ.get('NEXT_MM_SHARED', default))
    if not (folder / 'data').is_dir():
        pytest.skip('no shared data here (set NEXT_MM_SHARED)')
    return folder


@pytest.fixture(scope='session')
def repo_dir() -> Path:
    """Root of the checkout."""
    return Path(__file__).parents[1]
