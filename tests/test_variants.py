"""What docs/train.md says of variants by one config line: each command's model trains a step,
or its metric is built."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import torch
from mmengine.config import Config, DictAction
from mmengine.optim import build_optim_wrapper

from next_mm.apis import check_config, load_config
from next_mm.registry import METRICS, MODELS
from next_mm.retrieval import ReRanking
from tests.conftest import TINY_CLIP
from tests.toys import make_samples

ROOT = Path(__file__).parents[1]
SECTION = (
    (ROOT / 'docs/train.md')
    .read_text(encoding='utf-8')
    .partition('## Variants by one config line')[2]
    .partition('\n## ')[0]
    .replace('\\\n', ' ')  # a command over two lines
)
COMMANDS = re.findall(r'^python (tools/\S+ .*)', SECTION, re.MULTILINE)


@pytest.fixture(autouse=True)
def _in_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def tiny_b16(tmp_path: Path) -> str:
    """A small CLIP with the patches of ViT-B/16."""
    path = tmp_path / 'tiny-b16-quickgelu.json'
    path.write_text(
        json.dumps({**TINY_CLIP, 'vision_cfg': {**TINY_CLIP['vision_cfg'], 'image_size': 32, 'patch_size': 16}})
    )
    return str(path)


def config_of(command: str) -> Config:
    """The config of a command line, its options put in."""
    words = shlex.split(command)
    options = words[words.index('--cfg-options') + 1 :] if '--cfg-options' in words else []
    pairs = (option.split('=', 1) for option in options)
    cfg = load_config(words[1], {key: DictAction._parse_iterable(value) for key, value in pairs})
    check_config(cfg)
    return cfg


def take_a_step(cfg: Config, tiny_clip: str) -> torch.nn.Module:
    """Build a config's model with small towers, and train it for a step on noise of its own picture size."""
    if cfg.model.backbone.type == 'CLIPVisual':
        cfg.model.backbone.update(model_name=tiny_clip, pretrained=None)
    else:
        cfg.model.backbone.update(model_name='vit_tiny_patch16_224', pretrained=False)
    cfg.model.text.update(model_name=tiny_clip, pretrained=None)
    cfg.model.head.num_heads = 4
    model = MODELS.build(cfg.model).train()
    data = make_samples([0, 0, 1, 1])
    data['inputs'] = list(torch.randint(0, 256, (4, 3, 3, *cfg.model.backbone.image_size), dtype=torch.uint8))
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    assert torch.isfinite(model.train_step(data, build_optim_wrapper(model, cfg.optim_wrapper))['loss'])
    assert all(
        not torch.equal(value, before[name]) for name, value in model.named_parameters() if name.startswith('backbone.')
    )
    return model


def test_every_variant_has_a_command() -> None:
    for word in ('backbone.stride=', 'backbone.num_cameras=', 'evaluator.rerank.', 'next_dino_rgbnt201.py'):
        assert any(word in command for command in COMMANDS), word


@pytest.mark.parametrize('command', [command for command in COMMANDS if 'train.py' in command])
def test_variant_trains(command: str, tiny_b16: str) -> None:
    model = take_a_step(config_of(command), tiny_b16)
    assert model.backbone.grid == ((21, 10) if 'stride=12' in command else (16, 8))
    assert (model.backbone.camera_embedding is not None) == ('num_cameras' in command)


@pytest.mark.parametrize('command', [command for command in COMMANDS if 'rerank' in command])
def test_variant_re_ranks(command: str) -> None:
    assert METRICS.build(config_of(command).test_evaluator).rerank == ReRanking()  # the defaults are the paper's


def test_a_tower_of_ones_own(tmp_path: Path, tiny_b16: str) -> None:
    (snippet,) = re.findall(r'```python\n(.*?)```', SECTION, re.DOTALL)
    (tmp_path / 'my_tower.py').write_text(
        snippet.replace("'next_rgbnt201.py'", repr(str(ROOT / 'configs/next_rgbnt201.py')))
    )
    assert take_a_step(config_of(f'tools/train.py {tmp_path}/my_tower.py'), tiny_b16).backbone.out_dim == 192


def test_a_stride_of_timm_is_refused() -> None:
    with pytest.raises(ValueError, match=r"model.backbone \(TimmVisual\): unknown key 'stride'"):
        config_of('tools/train.py configs/next_dino_rgbnt201.py --cfg-options model.backbone.stride=12')
