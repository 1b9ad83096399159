"""Whole runs of a tiny NEXT: each picture encoded once, captions' features in place of their
tower, the compiled model."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from next_mm.apis import build_model, build_runner, load_config, train
from next_mm.apis import test as run_test
from next_mm.engine import read_checkpoint
from next_mm.models.clip.loading import load_clip
from next_mm.models.text import CLIPText
from tests.datasets.trees import make_rgbnt201
from tests.tools.test_cache_text import tool as tool

SIZE = (64, 32)

pytestmark = pytest.mark.skipif(
    torch.cuda.is_available(), reason='compares runs on the CPU; set CUDA_VISIBLE_DEVICES= to run it'
)


@pytest.fixture
def options(tmp_path: Path, tiny_clip: str, repo_dir: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The synthetic data's config over a tiny CLIP with weights of its own and a tiny RGBNT201."""
    monkeypatch.chdir(repo_dir)
    make_rgbnt201(tmp_path / 'data', size=SIZE)
    weights = str(tmp_path / 'clip.pt')
    torch.save(load_clip(tiny_clip, None).state_dict(), weights)
    return {
        'prepare': None,
        'train_cfg.max_epochs': 1,
        'train_cfg.val_interval': 1,
        'train_dataloader.batch_size': 8,
        'default_hooks.logger.interval': 1,
        'model.backbone.model_name': tiny_clip,
        'model.backbone.pretrained': weights,
        'model.text.model_name': tiny_clip,
        'model.text.pretrained': weights,
        'model.num_classes': 3,
        'model.head.num_heads': 4,
        **{f'{loader}_dataloader.dataset.data_root': str(tmp_path / 'data') for loader in ('train', 'val', 'test')},
    }


def make_config(options: dict[str, Any], work_dir: Path, **changes: Any) -> Config:
    cfg = load_config(
        'configs/next_synthetic.py',
        {**options, **{key.replace('__', '.'): value for key, value in changes.items()}},
        work_dir=work_dir,
    )
    cfg.custom_hooks = [hook for hook in cfg.get('custom_hooks', []) if hook['type'] != 'RankListHook']
    return cfg


def read_history(work_dir: Path) -> list[dict[str, float]]:
    return json.loads((work_dir / 'metrics.json').read_text())


def read_losses(work_dir: Path) -> list[float]:
    lines = [
        json.loads(line) for path in work_dir.glob('*/vis_data/scalars.json') for line in path.read_text().splitlines()
    ]
    return [line['loss'] for line in lines if 'loss' in line]


def test_each_picture_is_encoded_once_where_queries_are_the_gallery(options: dict[str, Any], tmp_path: Path) -> None:
    runner = build_runner(make_config(options, tmp_path / 'run'))
    encoded: Counter[bytes] = Counter()

    def keep(module: torch.nn.Module, inputs: tuple) -> None:
        if not module.training:
            encoded.update(picture.numpy().tobytes() for picture in inputs[0].flatten(0, 1))

    runner.model.backbone.register_forward_pre_hook(keep)
    runner.train()
    log = next((tmp_path / 'run').glob('*/*.log')).read_text()
    assert '8 queries, 8 gallery entries' in log
    batches = [runner.model.data_preprocessor(batch)['inputs'].flatten(0, 1) for batch in runner.val_dataloader]
    pictures = Counter(picture.numpy().tobytes() for batch in batches for picture in batch)
    assert encoded == pictures and pictures.total() == 3 * 8


def test_a_run_from_caption_features_alone_gives_the_same_numbers(
    options: dict[str, Any], tmp_path: Path, tool, monkeypatch
) -> None:
    start = tmp_path / 'start.pth'
    torch.save({'state_dict': build_model(make_config(options, tmp_path / 'start')).state_dict(), 'meta': {}}, start)
    given = [f'{key}={value}' for key, value in options.items()]
    monkeypatch.setattr(
        sys,
        'argv',
        [
            'cache_text.py',
            'configs/next_synthetic.py',
            '--train',
            '--out',
            str(tmp_path / 'features'),
            '--cfg-options',
            *given,
        ],
    )
    tool.main()
    train(make_config(options, tmp_path / 'tower', load_from=str(start)))
    tower = run_test(make_config(options, tmp_path / 'tower_test'), tmp_path / 'tower' / 'epoch_1.pth')

    def refuse(self: CLIPText, **_: Any) -> None:
        raise AssertionError('the text tower was built')

    monkeypatch.setattr(CLIPText, '__init__', refuse)
    text = {'model.text._delete_': True, 'model.text.type': 'CachedText', 'model.text.path': str(tmp_path / 'features')}
    without = {**{key: value for key, value in options.items() if not key.startswith('model.text')}, **text}
    train(make_config(without, tmp_path / 'features_run', load_from=str(start)))
    features = run_test(make_config(without, tmp_path / 'features_test'), tmp_path / 'features_run' / 'epoch_1.pth')
    assert read_losses(tmp_path / 'features_run') == read_losses(tmp_path / 'tower') != []
    assert read_history(tmp_path / 'features_run') == read_history(tmp_path / 'tower')
    assert features == tower
    weights = [read_checkpoint(tmp_path / name / 'epoch_1.pth')['state_dict'] for name in ('tower', 'features_run')]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(value, weights[1][key]) for key, value in weights[0].items())


@pytest.mark.real_size
def test_a_compiled_run_trains_as_the_eager_one(options: dict[str, Any], tmp_path: Path) -> None:
    still = {**options, 'model.neck.semantic.dropout': 0.0, 'model.neck.structure.dropout': 0.0}
    train(make_config(still, tmp_path / 'eager'))
    runner = train(
        make_config(still, tmp_path / 'compiled', compile={'backend': 'aot_eager'})
    )  # forward and backward graphs, no compiler behind them
    assert hasattr(runner.model.train_step, '_torchdynamo_orig_callable')
    assert read_losses(tmp_path / 'compiled') == pytest.approx(read_losses(tmp_path / 'eager'), rel=1e-4)
    compiled, eager = (read_history(tmp_path / name)[0] for name in ('compiled', 'eager'))
    assert compiled == pytest.approx(eager, abs=1e-3)
