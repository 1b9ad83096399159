"""Every leaf is a complete, valid config whose model builds (the ablations: ``tests/analysis/test_ablations.py``)."""

from pathlib import Path

import pytest

from next_mm.apis import check_config, load_config
from next_mm.registry import MODELS

ROOT = Path(__file__).parents[1]
LEAVES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / 'configs').glob('*.py'))


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_leaves_are_found() -> None:
    assert {'configs/next_rgbnt201.py', 'configs/next_synthetic.py', 'configs/baseline_msvr310.py'} <= set(LEAVES)


@pytest.mark.parametrize('leaf', LEAVES)
def test_leaf_is_complete_and_its_model_builds(leaf: str, tiny_clip: str) -> None:
    cfg = load_config(leaf)
    check_config(cfg)
    assert cfg.train_cfg and cfg.optim_wrapper and cfg.val_cfg is not None and cfg.test_cfg is not None
    assert cfg.model.num_classes > 1
    tiny = {'CLIPVisual': dict(model_name=tiny_clip, pretrained=None), 'TimmVisual': dict(pretrained=False)}
    cfg.model.backbone.update(tiny[cfg.model.backbone.type])  # CLIP's real tower is built in test_clip_visual.py
    if cfg.model.get('text'):
        cfg.model.text.update(model_name=tiny_clip, pretrained=None)
    if cfg.model.get('head'):
        cfg.model.head.num_heads = 4
    MODELS.build(cfg.model)


@pytest.mark.parametrize('leaf', LEAVES)
def test_leaf_opens_with_what_it_needs_and_its_command(leaf: str) -> None:
    text = (ROOT / leaf).read_text()
    assert text.startswith('# ') and 'Needs' in text and f'python tools/train.py {leaf}' in text
