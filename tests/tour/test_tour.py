"""The tour runs from top to bottom, and the service finds what the gallery finds."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HIT = re.compile(r'^  (\d)\. (\d{6}_cam\d_\d_\d\d\.jpg)  (-?\d\.\d{3})', re.MULTILINE)


@pytest.mark.extra('onnx', 'onnxruntime', 'onnxscript', 'fastapi')
def test_the_tour_runs(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    command = [sys.executable, 'projects/tour/tour.py', '--toy', '--folder', str(tmp_path), '--port', str(port)]
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    hits = HIT.findall(done.stdout)
    assert [rank for rank, _, _ in hits] == 4 * list('12345')  # two searches, one with verdicts, one over HTTP
    assert all('cam1' not in name for _, name, _ in hits[:15])
    assert hits[15][1] == '000500_cam1_0_00.jpg'  # over HTTP the gallery's own entry comes first
    assert {path.name for path in tmp_path.iterdir()} >= {'run', 'model', 'gallery', 'model.onnx'}
