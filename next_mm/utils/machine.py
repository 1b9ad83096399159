"""One line about the machine, for what stands beside a figure."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

__all__ = ['describe_machine', 'processor']


def describe_machine() -> str:
    """Processor, cores, GPU if there is one, and the version of torch."""
    gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    parts = [
        f'{len(os.sched_getaffinity(0))} cores of {processor()}',
        *gpus,
        f'torch {torch.__version__.split("+")[0]}',
    ]
    return ', '.join(parts)


def processor() -> str:
    """Name of the processor."""
    cpuinfo = Path('/proc/cpuinfo')
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding='utf-8').splitlines():
            if line.startswith('model name'):
                return line.partition(':')[2].strip()
    return platform.processor() or platform.machine()
