"""Every leaf is a complete, valid config whose model builds (the studies: ``tests/analysis/studies``)."""

from __future__ import annotations

import keyword
from pathlib import Path
from typing import Any

import pytest

from next_mm.apis import load_config
from next_mm.registry import MODELS

ROOT = Path(__file__).parents[1]
OTHERS = ('_base_', 'captions', 'studies')
"""Folders of configs that are no leaves."""
LEAVES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / 'configs').rglob('*.py')
    if not set(OTHERS) & set(path.relative_to(ROOT).parts)
)
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_leaves_are_found() -> None:
    assert {'configs/next_rgbnt201.py', 'configs/next_synthetic.py', 'configs/baseline_msvr310.py'} <= set(LEAVES)


def shrink(node: Any, tiny_clip: str) -> None:
    """Make the networks of a config small, by their types; the tests of the backbones build those of real size."""
    clip: dict[str, Any] = dict(model_name=tiny_clip, pretrained=None)
    small: dict[str, dict[str, Any]] = {
        'AdapterCLIPVisual': clip,
        'CLIPText': clip,
        'CLIPVisual': clip,
        'ExchangingCLIPVisual': dict(clip, num_prompted=1),
        'InvertedCLIPVisual': clip,
        'PromptAdapterCLIPVisual': clip,
        'EDITORReID': dict(num_heads=2),
        'MGFAHead': dict(num_heads=4),
        'PFDNetwork': dict(num_heads=2, hidden=16),
        'HACNN': dict(widths=(16, 32, 48)),
        'MLFN': dict(width=0.25, pretrained=None),
        'OSNet': dict(width=0.25, pretrained=None),
        'ResNet': dict(width=4, layers=(1, 1, 1, 1), pretrained=None),
        'SideViT': dict(width=16, depth=2, num_heads=2, pretrained=None),
        'TOPReID': dict(num_heads=2),
        'TimmVisual': dict(pretrained=False),
    }
    if isinstance(node, dict):
        node.update(small.get(node.get('type'), {}))
        if node.get('type') == 'HRNetPose':  # its weights are the user's
            node.clear()
            node['type'] = 'StandingPose'
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        shrink(inner, tiny_clip)


def find_keys(node: Any) -> set[str]:
    """Every key of a config, at any depth."""
    if isinstance(node, dict):
        return set(node).union(*map(find_keys, node.values()))
    return set().union(*map(find_keys, node)) if isinstance(node, (list, tuple)) else set()


@pytest.mark.parametrize('leaf', LEAVES)
def test_leaf_is_complete_and_its_model_builds(leaf: str, tiny_clip: str) -> None:
    cfg = load_config(leaf)
    assert cfg.train_cfg and cfg.optim_wrapper and cfg.val_cfg is not None and cfg.test_cfg is not None
    assert cfg.model.num_classes > 1
    words = [key for key in find_keys(cfg.to_dict()) if keyword.iskeyword(key)]
    assert not words, 'a run writes its config as dict(key=value), where a word of Python is no key'
    shrink(cfg.model, tiny_clip)
    model = MODELS.build(cfg.model)
    for loader in LOADERS:
        pipeline = cfg[loader].dataset.pipeline
        assert next(tuple(step['size']) for step in pipeline if step['type'] == 'ResizeTriplet') == model.image_size


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
