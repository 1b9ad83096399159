"""Note where a run runs: machine, versions, processes, seed."""

from __future__ import annotations

import json
import platform
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

import next_mm
from next_mm.registry import HOOKS
from next_mm.utils.files import write_atomically
from next_mm.utils.machine import describe_machine

__all__ = ['ENVIRONMENT_FILE', 'EnvironmentHook']

ENVIRONMENT_FILE = 'environment.json'
"""Written to the folder of a start, beside its log."""

_PACKAGES = ('torch', 'torchvision', 'mmengine', 'mmcv-lite', 'timm', 'open_clip_torch', 'numpy', 'opencv-python')


@HOOKS.register_module()
class EnvironmentHook(Hook):
    """Write :data:`ENVIRONMENT_FILE` at the start of a run; the run report shows it."""

    def before_run(self, runner: Runner) -> None:
        """Write the file."""
        if is_main_process():
            path = Path(runner.work_dir) / runner.timestamp / ENVIRONMENT_FILE
            write_atomically(path, [json.dumps(_environment(runner), indent=1), '\n'])


def _environment(runner: Runner) -> dict[str, Any]:
    return {
        'started': datetime.now().isoformat(timespec='seconds'),
        'machine': describe_machine(),
        'system': platform.platform(),
        'Python': platform.python_version(),
        'next_mm': next_mm.__version__,
        **{name: _version(name) for name in _PACKAGES},
        'CUDA': torch.version.cuda or 'none',
        'threads': torch.get_num_threads(),
        'processes': runner.world_size,
        'launcher': runner.launcher,
        'seed': runner.seed,
        'deterministic': runner.deterministic,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return 'not installed'
