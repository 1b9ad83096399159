"""One feature, whatever computes it: the test run, the inferencer, exported files, the service, and shards."""

from __future__ import annotations

import asyncio
import json
import runpy
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor
from torch.nn.functional import normalize

from next_mm.apis.inference import ReIDInferencer, load_bundle
from next_mm.apis.inference.inputs import parse_input
from next_mm.apis.inference.shards import extract_shards
from next_mm.registry import HOOKS
from next_mm.retrieval.feature_files import read_features
from next_mm.retrieval.feature_set import FeatureSet
from tests.apis.inference.test_inferencer import records

ROOT = Path(__file__).parents[3]
TOLERANCE = 1e-5  # what an export is refused beyond; float32 through four layers, summed in another order, takes 2e-6

Compute = Callable[[Sequence[dict[str, Any]]], FeatureSet]

CONFIG = """
_base_ = [{base!r}]
custom_hooks = [dict(type='KeepFeatures')]
"""


@HOOKS.register_module()
class KeepFeatures(Hook):
    """Keeps the features of a test, by the names of their triplets."""

    kept: ClassVar[dict[str, Tensor]] = {}

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Take what the model computed."""
        self.kept.update({sample.name: sample.feature.cpu() for sample in outputs})


def features_of_a_test(run_dir: Path, folder: Path, batch_size: int) -> dict[str, np.ndarray]:
    """Id to unit feature, as ``tools/test.py`` computes them."""
    config = folder / 'keep.py'
    config.write_text(CONFIG.format(base=str(run_dir / 'tiny.py')))
    tool = str(ROOT / 'tools/test.py')
    words = [tool, config, run_dir / 'epoch_3.pth', '--work-dir', folder / f'tested{batch_size}']
    words += ['--cfg-options', f'test_dataloader.batch_size={batch_size}']
    KeepFeatures.kept.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, 'argv', [str(word) for word in words])
        runpy.run_path(tool, run_name='__main__')
    return {name: normalize(value, dim=0).numpy() for name, value in KeepFeatures.kept.items()}


def through_the_service(reid: ReIDInferencer) -> Compute:
    """Features of many requests at once, which share batches."""
    import httpx

    from next_mm.service import create_app

    async def send(rows: Sequence[dict[str, Any]]) -> list[list[float]]:
        transport = httpx.ASGITransport(create_app(reid))
        async with httpx.AsyncClient(transport=transport, base_url='http://service') as client:
            answers = await asyncio.gather(*(client.post('/v1/features', **_request(row)) for row in rows))
        assert {answer.status_code for answer in answers} == {200}
        return [json.loads(answer.text)['features'] for answer in answers]

    def compute(rows: Sequence[dict[str, Any]]) -> FeatureSet:
        features = np.array(asyncio.run(send(rows)), np.float32)
        parts = np.array([[row.get(key) is not None for key in ('rgb', 'nir', 'tir')] for row in rows])
        return FeatureSet(reid.space, [row['id'] for row in rows], features, parts, np.zeros_like(parts))

    return compute


def _request(row: dict[str, Any]) -> dict[str, Any]:
    files = {key: Path(row[key]).read_bytes() for key in ('rgb', 'nir', 'tir') if row.get(key) is not None}
    return {'files': files, 'data': {key: row[key] for key in row if key.startswith('caption')}}


def through_shards(reid: ReIDInferencer, folder: Path) -> Compute:
    """Features from the files that ``tools/extract_features.py`` writes."""

    def compute(rows: Sequence[dict[str, Any]]) -> FeatureSet:
        out = folder / f'shards of {rows[0]["id"]}'
        extract_shards(reid, [parse_input(row, number) for number, row in enumerate(rows)], out, shard_size=4)
        return FeatureSet.join(reid.space, [read_features(path)[0] for path in sorted(out.glob('*.safetensors'))])

    return compute


def plain_ways(run_dir: Path, folder: Path) -> dict[str, Compute]:
    """What needs no extra."""
    reid = ReIDInferencer(run_dir, batch_size=3)
    return {'inferencer': reid, 'batches of 8': partial(reid, batch_size=8), 'shards': through_shards(reid, folder)}


def further_ways(run_dir: Path, folder: Path) -> dict[str, Compute]:
    """Service and exported files."""
    from next_mm.apis.inference.export import export_onnx

    path = folder / 'model.onnx'
    export_onnx(load_bundle(run_dir), path)
    exported = ReIDInferencer(path, batch_size=8)
    return {
        'service': through_the_service(ReIDInferencer(run_dir)),
        'ONNX, batches of 8': exported,
        'ONNX, one by one': partial(exported, batch_size=1),
        'ONNX behind the service': through_the_service(exported),
        'OpenVINO': ReIDInferencer(path, device='openvino', batch_size=5),
    }


def check(run_dir: Path, ways: dict[str, Compute], expected: dict[str, np.ndarray]) -> None:
    """Compare all features, in two orders, with absent sensors and captions among them.

    Args:
        run_dir: the run.
        ways: what to compare.
        expected: id to feature; what is not in it is compared with the inferencer's.
    """
    rows = records(run_dir)
    rows += [dict(row, id=f'{row["id"]} without NIR', nir=None) for row in rows[:3]]
    rows += [{key: row[key] for key in ('rgb', 'nir', 'tir')} | {'id': f'{row["id"]} bare'} for row in rows[:2]]
    whole = ReIDInferencer(run_dir)(rows)
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    for name, compute in ways.items():
        for places in (range(len(rows)), order):
            found = compute([rows[place] for place in places])
            for row, place in enumerate(places):
                one = expected.get(whole.ids[place], whole.features[place])
                np.testing.assert_allclose(
                    found.features[row], one, atol=TOLERANCE, err_msg=f'{name}: {whole.ids[place]}'
                )


def test_test_run_inferencer_and_shards_have_one_feature(run_dir: Path, tmp_path: Path) -> None:
    testing = tmp_path / 'testing'
    testing.mkdir()
    expected = features_of_a_test(run_dir, testing, batch_size=4)
    assert set(expected) == {row['id'] for row in records(run_dir)}
    check(run_dir, plain_ways(run_dir, tmp_path), expected)
    for name, feature in features_of_a_test(run_dir, testing, batch_size=3).items():
        np.testing.assert_allclose(expected[name], feature, atol=TOLERANCE)


@pytest.mark.extra('onnx', 'onnxscript', 'onnxruntime', 'openvino', 'fastapi', 'httpx')
def test_service_and_exported_files_have_the_same(run_dir: Path, tmp_path: Path) -> None:
    check(run_dir, further_ways(run_dir, tmp_path), {})  # the inferencer's is the test run's, as above
