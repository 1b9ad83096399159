"""Every benchmark at a tiny size: it runs, prints a table and writes finite numbers. No time is asserted."""

import importlib.util
import json
import math
import sys
from pathlib import Path

import pytest

from next_mm.apis.zoo import list_methods
from next_mm.errors import ConfigError
from tests.datasets.trees import make_rgbnt201
from tests.methods.toys import list_toys

FOLDER = Path(__file__).parents[2] / 'tools' / 'benchmarks'

CONFIG = """
_base_ = [{base!r}]
model = dict(backbone=dict(model_name={clip!r}, pretrained=None, image_size=(32, 16)),
             text=dict(model_name={clip!r}, pretrained=None), head=dict(num_heads=4), num_classes=3)
_pictures = [dict(type='LoadTriplet'), dict(type='ResizeTriplet', size=(32, 16))]
test_dataloader = dict(dataset=dict(pipeline=[*_pictures, *_base_._test_captions]))
"""


@pytest.fixture
def config(tmp_path: Path, repo_dir: Path, tiny_clip: str) -> Path:
    path = tmp_path / 'config.py'
    path.write_text(CONFIG.format(base=str(repo_dir / 'configs/next_rgbnt201.py'), clip=tiny_clip))
    return path


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path):
    """Run a benchmark by name; returns the rows of its tables."""
    monkeypatch.syspath_prepend(str(FOLDER))

    def run(name: str, *arguments: object) -> list[dict]:
        out = tmp_path / 'out' / 'figures.json'
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, arguments), '--out', str(out)])
        spec = importlib.util.spec_from_file_location(f'benchmark_{name}', FOLDER / f'{name}.py')
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.main()
        rows = [row for table in json.loads(out.read_text())['tables'] for row in table['rows']]
        printed = capsys.readouterr().out
        assert all(str(next(iter(row.values()))).split()[0] in printed for row in rows)
        assert rows and all(
            math.isfinite(value) for row in rows for value in row.values() if isinstance(value, (int, float))
        )
        return rows

    return run


ONCE = ('--repeats', 1, '--warmup', 1, '--threads', 1)


def test_inference(bench, config: Path):
    cases = {row['case'] for row in bench('inference', '--config', config, '--batch-sizes', 4, *ONCE)}
    assert {'floor: bare tower, three passes', 'captions seen before', 'captions all new', 'without text'} <= cases


def test_training_step(bench, config: Path):
    rows = bench('training_step', '--config', config, '--batch-sizes', 4, 8, '--grad-checkpointing', *ONCE)
    assert {row['batch'] for row in rows} == {4, 8}
    assert len(rows) == 2 * 6


@pytest.mark.real_size
def test_compilers(bench, config: Path):
    rows = bench('compiled', '--config', config, '--batch-sizes', 4, *ONCE)
    assert [row['engine'] for row in rows] == ['eager', 'torch.compile', 'AOTInductor']
    assert all(row['largest difference'] < 1e-5 for row in rows)


@pytest.mark.skipif(
    not Path('/proc/self/clear_refs').exists(), reason='reads the peak of the resident memory from /proc'
)
def test_memory_of_a_training_step(bench, config: Path):
    case = 'CLIPVisual alone'
    rows = bench('training_step', '--config', config, '--batch-sizes', 4, '--cases', case, '--memory', *ONCE)
    for row in rows:
        assert (
            0 < row['step MiB'] <= row['model and step MiB'] < 400
        )  # neither this process nor the libraries are in it


@pytest.fixture
def rivals(tmp_path: Path, repo_dir: Path) -> list[Path]:
    """Configs of toys: of a method that reads captions and keeps what it encodes, and of one that reads pictures."""
    toys = {name.partition(':')[0]: toy for name, toy in reversed(list(list_toys())) if toy}
    paths = [tmp_path / f'{name}.py' for name in ('NEXTReID', 'OSNetReID')]
    for path in paths:
        base = str(repo_dir / 'configs/next_rgbnt201.py')
        path.write_text(f'_base_ = [{base!r}]\nmodel = {dict(toys[path.stem], _delete_=True)!r}\n')
    return paths


@pytest.mark.skipif(
    not Path('/proc/self/clear_refs').exists(), reason='reads the peak of the resident memory from /proc'
)
def test_rivals(bench, config: Path, rivals: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def run_here(file: str, *options: object) -> dict[str, float]:
        monkeypatch.setattr(sys, 'argv', [file, *map(str, options)])
        module = importlib.import_module('rivals')
        args = module.parse_args()
        memory = module.weigh(args, args.batch_sizes[0], args.weigh)
        return {key: value + 1 for key, value in memory.items()}  # this process may have had room already

    monkeypatch.setattr(importlib.import_module('steps'), 'run_apart', run_here)
    names = [path.stem for path in rivals]
    options = (
        '--config',
        config,
        '--batch-sizes',
        8,
        '--group',
        1,
        '--methods',
        '--configs',
        *rivals,
        'lost.py',
        *ONCE,
    )
    rows = bench('rivals', *options, '--what', 'costs', 'inference', 'training')
    assert [row['method'] for row in rows] == 3 * names
    assert all(row['x floor'] > 0 for row in rows if 'ms' in row)
    again = bench('rivals', *options, '--what', 'inference', 'memory')
    assert again[: len(rows)] == rows, 'what is there is not measured again'
    assert [row['method'] for row in again[len(rows) :]] == names


def test_rivals_are_all_methods(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    found = importlib.import_module('rivals').find_systems(None, [])
    assert list(found) == [method.name for method in list_methods()]
    with pytest.raises(ConfigError, match="did you mean 'demo'"):
        importlib.import_module('rivals').find_systems(['dem'], [])


def test_growth(bench, config: Path):
    sizes = ('--batch', 8, 16, '--identities', 10, 40, '--experts', 1, 2, '--tower', 2, 4, '--width', 32)
    rows = bench('growth', '--config', config, *sizes, *ONCE)
    assert [row['axis'] for row in rows] == 2 * ['batch'] + 2 * ['identities'] + 2 * ['experts'] + 2 * [
        'batch, visual tower'
    ]


def test_evaluation(bench):
    rows = bench(
        'evaluation',
        '--rank-size',
        40,
        300,
        '--oracle-queries',
        20,
        '--rerank-size',
        20,
        100,
        '--repeats',
        2,
        '--rerank-repeats',
        1,
    )
    differences = [row['largest difference'] for row in rows if row['largest difference'] != '-']
    assert len(differences) == 4  # three rules and re-ranking
    assert max(differences) < 1e-6


@pytest.mark.skipif(not Path('/proc/self/status').exists(), reason='reads the peak of the resident memory from /proc')
def test_gallery(bench):
    rows = bench('gallery', '--sizes', 400, '--queries', 20, '--width', 16)
    assert [row['case'] for row in rows] == ['ranking', 'ReIDMetric']


def test_loading(bench):
    rows = bench(
        'loading', '--triplets', 16, '--batch-size', 8, '--workers', 0, '--picture', 32, 16, '--repeats', 1, '--text'
    )
    assert [row['pipeline'] for row in rows] == ['PIL + torchvision', 'ours', 'ours, cached']


def test_start_up(bench):
    assert len(bench('loading', '--startup', 60, '--repeats', 1)) == 2


def test_caption_reuse(bench, tmp_path: Path):
    make_rgbnt201(tmp_path / 'data')
    rows = bench('caption_reuse', tmp_path / 'data' / 'text', '--epochs', 2)
    assert [row['epoch'] for row in rows] == [1, 2]


def test_captioning_speed(bench):
    (row,) = bench('captioning', 'speed', '--pictures', 30, '--latency', 0.01, '--concurrency', 4)
    assert row['answers'] == 30


def test_captioning_quality(bench, tmp_path: Path):
    picture = {'upper-body garment color': 'red', 'backpack': 'yes'}
    truth = {
        'splits': {
            'train': {f'{i:06d}_cam1_0_00.jpg': {'rgb': picture, 'nir': picture, 'tir': picture} for i in range(4)}
        }
    }
    path = tmp_path / 'attributes.json'
    path.write_text(json.dumps(truth))
    rows = bench('captioning', 'quality', path)
    assert rows[0]['of'] == 'all'
    assert 0 < rows[0]['merged: right of all'] <= 100


@pytest.mark.parametrize('dtype', ['float32', 'float16'])
def test_search(bench, dtype: str):
    rows = bench('search', '--entries', 500, '--dim', 24, '--queries', 2, '--dtype', dtype, '--threads', 1)
    assert [row['recall'] for row in rows[1:]] == [1.0] * 4


def test_search_of_centred_features(bench):
    rows = bench('search', '--entries', 500, '--dim', 24, '--queries', 2, '--center', 6, '--threads', 1)
    assert [row['recall'] for row in rows[1:]] == [1.0] * 4


@pytest.mark.extra('onnx', 'onnxscript', 'onnxruntime', 'openvino')
def test_engines(bench, config: Path):
    rows = bench('engines', '--config', config, '--batch-sizes', 2, *ONCE)
    assert {'eager float32', 'ONNX Runtime float32', 'OpenVINO float32'} <= {row['engine'] for row in rows}
    assert all(row['least cosine'] > 0.99 for row in rows)


@pytest.mark.extra('fastapi', 'uvicorn')
def test_service(bench, config: Path):
    sizes = ('--batch-sizes', 4, '--triplets', 8, '--clients', 4, '--repeats', 1, '--threads', 1)
    rows = bench('service', '--config', config, *sizes)
    assert [row['case'] for row in rows] == ['bare model', 'inferencer', 'service']
