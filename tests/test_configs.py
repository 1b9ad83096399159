"""Every leaf is a complete, valid config whose model builds (the studies: ``tests/analysis/studies``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from next_mm.apis import load_config
from next_mm.registry import MODELS

ROOT = Path(__file__).parents[1]
LEAVES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / 'configs').glob('*.py'))
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_leaves_are_found() -> None:
    assert {'configs/next_rgbnt201.py', 'configs/next_synthetic.py', 'configs/baseline_msvr310.py'} <= set(LEAVES)


@pytest.mark.parametrize('leaf', LEAVES)
def test_leaf_is_complete_and_its_model_builds(leaf: str, tiny_clip: str) -> None:
    cfg = load_config(leaf)
    assert cfg.train_cfg and cfg.optim_wrapper and cfg.val_cfg is not None and cfg.test_cfg is not None
    assert cfg.model.num_classes > 1
    size = next(step['size'] for step in cfg.test_dataloader.dataset.pipeline if step['type'] == 'ResizeTriplet')
    assert tuple(size) == tuple(cfg.model.backbone.image_size)
    tiny = {'CLIPVisual': dict(model_name=tiny_clip, pretrained=None), 'TimmVisual': dict(pretrained=False)}
    cfg.model.backbone.update(tiny[cfg.model.backbone.type])  # CLIP's real tower is built in test_clip_vit.py
    if cfg.model.get('text'):
        cfg.model.text.update(model_name=tiny_clip, pretrained=None)
    if cfg.model.get('head'):
        cfg.model.head.num_heads = 4
    MODELS.build(cfg.model)


@pytest.mark.parametrize('leaf', LEAVES)
def test_leaf_opens_with_what_it_needs_and_its_command(leaf: str) -> None:
    text = (ROOT / leaf).read_text()
    assert text.startswith('# ') and 'Needs' in text and f'python tools/train.py {leaf}' in text


@pytest.mark.parametrize(
    'leaf, options, read',
    [
        ('configs/next_rgbnt201.py', {}, True),
        ('configs/next_rgbnt201.py', {'model.text': None}, False),
        ('configs/baseline_rgbnt201.py', {}, False),
    ],
)
def test_captions_are_loaded_where_the_model_reads_them(leaf: str, options: dict, read: bool) -> None:
    cfg = load_config(leaf, options)
    assert [cfg[loader].dataset.caption_dir for loader in LOADERS] == ['text' if read else None] * 3
