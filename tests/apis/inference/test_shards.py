"""Shards of features: restarts, workers, errors."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from next_mm.apis.inference import ReIDInferencer
from next_mm.apis.inference.shards import extract_shards, list_inputs
from next_mm.errors import DataError
from next_mm.retrieval.feature_files import read_features
from tests.datasets.trees import write_picture

ROOT = Path(__file__).parents[3]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Ten triplets, one of which has a damaged picture and one no NIR."""
    folder = tmp_path / 'pictures'
    for number in range(10):
        for modality in ('rgb', 'nir', 'tir'):
            write_picture(folder / modality / f'{number:03d}.jpg')
    (folder / 'rgb' / '004.jpg').write_bytes(b'damaged')
    (folder / 'nir' / '007.jpg').unlink()
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_workers_and_restarts_change_no_byte(run_dir: Path, pictures: Path, tmp_path: Path) -> None:
    reid = ReIDInferencer(run_dir, batch_size=2)
    inputs = list_inputs(pictures)
    one = extract_shards(reid, inputs, tmp_path / 'one', shard_size=3)
    assert (one.computed, one.features, one.errors) == (4, 9, 1)
    for rank in (1, 0):
        extract_shards(reid, inputs, tmp_path / 'two', shard_size=3, rank=rank, world_size=2)
    assert contents(tmp_path / 'one') == contents(tmp_path / 'two')
    (tmp_path / 'two' / 'features-000002.safetensors').unlink()
    again = extract_shards(reid, inputs, tmp_path / 'two', shard_size=3)
    assert (again.computed, again.finished) == (1, 3)
    assert contents(tmp_path / 'one') == contents(tmp_path / 'two')
    (error,) = [json.loads(line) for line in (tmp_path / 'one' / 'errors-000001.jsonl').read_text().splitlines()]
    assert error['id'] == '004.jpg'
    assert 'not a picture' in error['reason']
    features, _ = read_features(tmp_path / 'one' / 'features-000002.safetensors')
    assert list(features.ids) == ['006.jpg', '007.jpg', '008.jpg']
    assert features.parts.tolist() == [[True] * 3, [True, False, True], [True] * 3]
    np.testing.assert_allclose(features.features, reid(inputs[6:9], batch_size=2).features, atol=2e-6)


def test_shards_of_other_inputs_are_refused(run_dir: Path, pictures: Path, tmp_path: Path) -> None:
    reid = ReIDInferencer(run_dir)
    inputs = list_inputs(pictures)
    extract_shards(reid, inputs[:3], tmp_path / 'out', shard_size=3)
    with pytest.raises(DataError, match='was made of other inputs'):
        extract_shards(reid, inputs[3:], tmp_path / 'out', shard_size=3)


def test_a_kill_costs_only_the_shard_at_work(
    run_dir: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        sys.executable,
        str(ROOT / 'tools/extract_features.py'),
        str(run_dir),
        str(pictures),
        '-o',
        str(tmp_path / 'out'),
    ]
    command += ['--shard-size', '1', '--batch-size', '2']
    # one thread, as in this process: with another number of threads a sum has another order and other last bits
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1'}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list((tmp_path / 'out').glob('features-*.safetensors'))) < 2:
        pass
    process.kill()
    process.wait()
    assert len(list((tmp_path / 'out').glob('features-*.safetensors'))) < 10, 'it was killed too late'
    monkeypatch.setattr(sys, 'argv', command[1:])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(command[1], run_name='__main__')
    assert ended.value.code == 1  # one input cannot be used
    assert '1 inputs cannot be used' in capsys.readouterr().out
    whole = extract_shards(
        ReIDInferencer(run_dir, batch_size=2), list_inputs(pictures), tmp_path / 'whole', shard_size=1
    )
    assert whole.computed == 10
    assert contents(tmp_path / 'out') == contents(tmp_path / 'whole')
