"""Peak of this process's resident memory (Linux). Needs no torch: what it weighs shall be seen, not imported."""

from __future__ import annotations

from pathlib import Path


def peak_mib() -> float:
    """The peak so far; unlike ``ru_maxrss`` it does not start at the parent's."""
    return _read('VmHWM')


def resident_mib() -> float:
    """What the process holds now."""
    return _read('VmRSS')


def forget_peak() -> None:
    """Let the peak begin anew at what the process holds now."""
    Path('/proc/self/clear_refs').write_text('5')


def _read(name: str) -> float:
    lines = Path('/proc/self/status').read_text(encoding='ascii').splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))
