"""The config of HTT's test-time training, through ``tools/test.py``."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch

from next_mm.apis import load_config
from next_mm.registry import MODELS
from projects.synthetic.dataset import write_dataset

ROOT = Path(__file__).parents[3]
LEAF = 'configs/htt/htt_rgbnt201_mtt.py'


def test_a_test_trains_on_its_pictures_and_ends_in_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dataset(tmp_path / 'RGBNT201', train_identities=2, test_identities=3, triplets=4, seed=0)
    options = {
        'model.num_classes': 2,
        'model.backbone.width': 32,
        'model.backbone.depth': 2,
        'model.backbone.num_heads': 2,
        'model.backbone.pretrained': None,
        'test_dataloader.dataset.data_root': str(tmp_path / 'RGBNT201'),
        'test_dataloader.num_workers': 0,
        'test_dataloader.persistent_workers': False,
        'test_cfg.epochs': 2,
    }
    monkeypatch.chdir(ROOT)
    cfg = load_config(LEAF, options)
    torch.manual_seed(0)
    torch.save({'state_dict': MODELS.build(cfg.model).state_dict(), 'meta': {}}, tmp_path / 'htt.pth')
    words = [
        LEAF,
        tmp_path / 'htt.pth',
        '--work-dir',
        tmp_path / 'work',
        '--out',
        tmp_path / 'figures.json',
        '--cfg-options',
    ]
    words += [f'{key}={value}' for key, value in options.items()]
    monkeypatch.setattr(sys, 'argv', ['test.py', *map(str, words)])
    runpy.run_path(str(ROOT / 'tools' / 'test.py'), run_name='__main__')
    (log,) = (tmp_path / 'work').glob('*/*.log')
    assert 'Test-time training, epoch 2 of 2: loss ' in log.read_text()
    metrics = json.loads((tmp_path / 'figures.json').read_text())['metrics']
    assert 0 < next(value for name, value in metrics.items() if name.endswith('mAP')) <= 100
