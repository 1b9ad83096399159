"""A run of a tiny NEXT with its data, for inference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from next_mm.registry import MODELS
from tests.datasets.trees import make_rgbnt201


@pytest.fixture
def run_dir(tmp_path: Path, model_cfg: dict[str, Any]) -> Path:
    """Folder of a run: a config and a checkpoint of random weights, on a small RGBNT201 with captions."""
    data = make_rgbnt201(tmp_path / 'data')
    pipeline = [
        dict(type='LoadTriplet'),
        dict(type='ResizeTriplet', size=(32, 16)),
        dict(type='SampleSentences', num_subsets=1, keep_prob=1.0),
        dict(type='TokenizeCaptions'),
        dict(type='PackTriplet'),
    ]
    model_cfg['neck']['semantic']['text_gain'] = 10.0
    cfg = Config(
        dict(
            default_scope='next_mm',
            model=model_cfg,
            test_dataloader=dict(
                batch_size=4,
                num_workers=0,
                sampler=dict(type='DefaultSampler', shuffle=False),
                collate_fn=dict(type='collate_triplets'),
                dataset=dict(type='RGBNT201', data_root=str(data), split='test', pipeline=pipeline),
            ),
            test_evaluator=dict(type='ReIDMetric'),
            test_cfg=dict(),
        )
    )
    torch.manual_seed(1)
    model = MODELS.build(model_cfg)
    for parameter in model.parameters():
        if parameter.dim() == 1:
            torch.nn.init.normal_(parameter, std=0.2)  # a routing threshold of its own for each expert
    text = {f'text.{key}': value for key, value in model.text.tower_state().items()}
    folder = tmp_path / 'run'
    folder.mkdir()
    cfg.dump(folder / 'tiny.py')
    torch.save({'state_dict': {**model.state_dict(), **text}, 'meta': {'epoch': 3}}, folder / 'epoch_3.pth')
    (folder / 'last_checkpoint').write_text(str(folder / 'epoch_3.pth'))
    return folder
