"""The service under fire, in short; ``python -m tests.service.fire MODEL`` is the long version."""

from __future__ import annotations

from pathlib import Path

import pytest

from next_mm.apis.inference import load_bundle, write_pack
from tests.apis.inference.conftest import run_dir  # noqa: F401 (a fixture)
from tests.service.fire import fire_at

pytestmark = pytest.mark.extra('fastapi', 'uvicorn')
MEMORY_MIB = 400
"""Bodies that are held at a time, 128 MiB, and copies of some of them while they are read."""


@pytest.mark.skipif(not Path('/proc/self/status').exists(), reason='reads the resident memory from /proc')
def test_hostile_callers_cost_the_others_nothing(run_dir: Path, tmp_path: Path) -> None:  # noqa: F811
    write_pack(load_bundle(run_dir), tmp_path / 'pack')
    outcome = fire_at(str(tmp_path / 'pack'), requests=250, clients=16, seed=1)
    assert not outcome.fire.faults, '\n'.join(outcome.fire.faults)
    assert outcome.alive
    assert max(outcome.memory) - outcome.memory[0] < MEMORY_MIB
    assert outcome.fire.statuses[200] > 100
