"""The files of a caption run load as they are where captions are required, and a model trains on them."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from next_mm.apis import load_config, train
from next_mm.registry import DATASETS
from tests.captioning.conftest import ROOT, Serve, make_dataset, run_tool, write_config


def test_a_model_trains_on_generated_captions(tmp_path: Path, serve: Serve, tiny_clip: str) -> None:
    data, text = make_dataset(tmp_path / 'RGBNT201', 12), tmp_path / 'run/text'
    url, _ = serve()
    run_tool(write_config(tmp_path, data, url), 'attributes', 'merge', 'compose')
    cfg = load_config(ROOT / 'configs/next_rgbnt201.py', work_dir=tmp_path / 'work')
    cfg.model.backbone.update(model_name=tiny_clip, pretrained=None, image_size=(32, 16))
    cfg.model.text.update(model_name=tiny_clip, pretrained=None)
    cfg.model.update(num_classes=5)
    cfg.model.head.num_heads = 4
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        assert loader.dataset.captions_required
        loader.dataset.update(data_root=str(data), caption_dir=str(text))
        loader.dataset.pipeline[1].size = (32, 16)
        loader.update(num_workers=0, persistent_workers=False, pin_memory=False)
    cfg.train_dataloader.batch_size = 8
    cfg.train_dataloader.batch_sampler.num_instances = 2
    cfg.train_cfg.update(max_epochs=1)
    told = {e['item']: e['description'] for e in json.loads((text / 'train_RGB.json').read_text())}
    for record in DATASETS.build(dict(cfg.train_dataloader.dataset, pipeline=[])):
        assert record['captions'][0] == told[record['name']]
    runner = train(cfg)
    assert all(torch.isfinite(value).all() for value in runner.model.parameters())
